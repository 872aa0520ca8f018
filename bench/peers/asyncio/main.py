"""The benchmarks' problems on asyncio, each row under the name that weft's has. bench/peers/README.md says how it is called."""
import harness
import tasks
import waiting

if __name__ == "__main__":
    harness.run_all({**tasks.ROWS, **waiting.ROWS})

// The benchmarks' problems on Tokio, each row under the name that weft's has. bench/peers/README.md says how it is called.
mod harness;
mod tasks;
mod waiting;

fn main() {
    let mut rows = tasks::rows();
    rows.extend(waiting::rows());
    harness::run_all(rows);
}

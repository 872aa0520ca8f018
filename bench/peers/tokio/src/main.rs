// The benchmarks' problems on Tokio, each row under the name that weft's has. bench/peers/README.md says how it is called.
mod harness;
mod serve;
mod tasks;
mod waiting;

fn main() {
    let mut arguments = std::env::args().skip(1);
    if arguments.next().as_deref() == Some("--serve") {
        return serve::serve(&arguments.next().expect("which problem?"));
    }
    let mut rows = tasks::rows();
    rows.extend(waiting::rows());
    harness::run_all(rows);
}

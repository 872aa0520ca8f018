use std::collections::{HashMap, HashSet};
use std::future::Future;
use std::pin::Pin;
use std::time::{Duration, Instant};
use tokio::runtime::{Builder, Runtime};

pub type Work<T> = Pin<Box<dyn Future<Output = T> + Send>>;
pub type Figures = Vec<(&'static str, f64)>;

pub enum Run {
    Times(Box<dyn Fn(u64) -> Work<bool>>), // so often; were all results right?
    Once(fn() -> Work<Option<Figures>>),   // takes a second and has figures of its own, none if a result was wrong
}

// items: what the work does each time.
pub struct Row {
    pub name: String,
    pub workers: usize,
    pub items: u64,
    pub run: Run,
}

pub fn row<F, W>(name: &str, workers: usize, items: u64, run: F) -> Row
where
    F: Fn(u64) -> W + 'static,
    W: Future<Output = bool> + Send + 'static,
{
    Row { name: name.to_string(), workers, items, run: Run::Times(Box::new(move |n| Box::pin(run(n)))) }
}

// In a task, timed in there: neither the runtime's start nor entering it is in the figure.
fn on<T: Send + 'static>(runtime: &Runtime, work: Work<T>) -> (T, f64) {
    let timed = async move {
        let begin = Instant::now();
        let result = work.await;
        (result, begin.elapsed().as_secs_f64())
    };
    runtime.block_on(async { tokio::spawn(timed).await.unwrap() })
}

// Measured for at least min_time, with as many rounds as that takes: found once, kept for the other repetitions.
fn measure(row: &Row, runtime: &Runtime, rounds: &mut u64, min_time: f64) -> Option<Figures> {
    let run = match &row.run {
        Run::Once(run) => return on(runtime, run()).0,
        Run::Times(run) => run,
    };
    loop {
        let (right, took) = on(runtime, run(*rounds));
        if !right {
            return None;
        }
        if took >= min_time {
            let each = took / *rounds as f64;
            return Some(vec![("per_item", each / row.items as f64), ("ms_per_run", each * 1e3)]);
        }
        *rounds = (*rounds as f64 * (1.2 * min_time / took + 1.0).min(10.0)) as u64 + 1;
    }
}

fn option<T: std::str::FromStr>(name: &str, default: T) -> T {
    let mut arguments = std::env::args().skip_while(|a| a != name).skip(1);
    arguments.next().and_then(|value| value.parse().ok()).unwrap_or(default)
}

// Fisher and Yates, with a small generator of its own.
fn shuffle(rows: &mut [Row], state: &mut u64) {
    for i in (1..rows.len()).rev() {
        *state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        rows.swap(i, ((*state >> 33) % (i as u64 + 1)) as usize);
    }
}

pub fn run_all(mut rows: Vec<Row>) {
    if std::env::args().any(|a| a == "--list") {
        rows.iter().for_each(|row| println!("{}", row.name));
        return;
    }
    let repetitions: usize = option("--repetitions", 5);
    let min_time: f64 = option("--min-time", 0.3);
    let limit = Duration::from_secs(option("--limit", 60));
    let wanted: HashSet<String> = std::io::stdin().lines().map(Result::unwrap).collect();
    rows.retain(|row| wanted.contains(&row.name));

    let runtimes: Vec<Runtime> =
        (1..=2).map(|n| Builder::new_multi_thread().worker_threads(n).enable_time().build().unwrap()).collect();
    println!("{{\"context\": {{\"tokio\": \"{}\", \"rustc\": \"{}\"}}}}", env!("PEER_TOKIO"), env!("PEER_RUSTC"));
    let mut rounds: HashMap<String, u64> = rows.iter().map(|row| (row.name.clone(), 1)).collect();
    let (begin, mut state) = (Instant::now(), 1);
    for i in 0..repetitions {
        shuffle(&mut rows, &mut state);
        for row in &rows {
            if i > 0 && begin.elapsed() > limit {
                return;
            }
            let found = measure(row, &runtimes[row.workers - 1], rounds.get_mut(&row.name).unwrap(), min_time);
            print!("{{\"run_name\": \"{}\", \"run_type\": \"iteration\"", row.name);
            match found {
                Some(figures) => figures.iter().for_each(|(name, value)| print!(", \"{}\": {:e}", name, value)),
                None => print!(", \"error_occurred\": true, \"error_message\": \"wrong result\""),
            }
            println!("}}");
        }
    }
}

pub fn cpu_seconds() -> f64 {
    let mut now = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    unsafe { libc::clock_gettime(libc::CLOCK_PROCESS_CPUTIME_ID, &mut now) };
    now.tv_sec as f64 + now.tv_nsec as f64 * 1e-9
}

use crate::harness::{cpu_seconds, row, Figures, Row, Run, Work};
use std::sync::atomic::{AtomicI64, AtomicU32, AtomicU64, Ordering::Relaxed};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::task::JoinSet;

fn fib(n: u64) -> Work<u64> {
    Box::pin(async move {
        if n < 2 {
            return n;
        }
        let left = tokio::spawn(fib(n - 1));
        let right = fib(n - 2).await;
        left.await.unwrap() + right
    })
}

// The sum of the leaves first .. first + leaves - 1.
fn skynet(first: u64, leaves: u64) -> Work<u64> {
    Box::pin(async move {
        if leaves == 1 {
            return first;
        }
        let below: Vec<_> = (0..10).map(|i| tokio::spawn(skynet(first + i * leaves / 10, leaves / 10))).collect();
        let mut sum = 0;
        for child in below {
            sum += child.await.unwrap();
        }
        sum
    })
}

const MANY: usize = 1000;
static SLOTS: [AtomicU32; MANY] = {
    const ZERO: AtomicU32 = AtomicU32::new(0);
    [ZERO; MANY]
};
static STAMP: AtomicU32 = AtomicU32::new(0);

fn all_are(stamp: u32) -> bool {
    SLOTS.iter().all(|slot| slot.load(Relaxed) == stamp)
}

async fn join_one(n: u64) -> bool {
    for _ in 0..n {
        let stamp = STAMP.fetch_add(1, Relaxed) + 1;
        tokio::spawn(async move { SLOTS[0].store(stamp, Relaxed) }).await.unwrap();
        if SLOTS[0].load(Relaxed) != stamp {
            return false;
        }
    }
    true
}

async fn join_many(n: u64) -> bool {
    let mut handles = Vec::with_capacity(MANY);
    for _ in 0..n {
        let stamp = STAMP.fetch_add(1, Relaxed) + 1;
        handles.extend((0..MANY).map(|i| tokio::spawn(async move { SLOTS[i].store(stamp, Relaxed) })));
        for handle in handles.drain(..) {
            handle.await.unwrap();
        }
        if !all_are(stamp) {
            return false;
        }
    }
    true
}

async fn join_set(n: u64, failing: bool) -> bool {
    for _ in 0..n {
        let stamp = STAMP.fetch_add(1, Relaxed) + 1;
        let mut set = JoinSet::new();
        for (i, slot) in SLOTS.iter().enumerate() {
            set.spawn(async move {
                slot.store(stamp, Relaxed);
                if failing && i == MANY - 1 { Err("the last one fails") } else { Ok(()) }
            });
        }
        let mut failures = 0;
        while let Some(result) = set.join_next().await {
            failures += result.unwrap().is_err() as usize;
        }
        if failures != failing as usize || !all_are(stamp) {
            return false;
        }
    }
    true
}

fn sleepers() -> Work<Option<Figures>> {
    Box::pin(async {
        const COUNT: u64 = 100_000;
        let (early, latest) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicI64::new(0)));
        let (cpu, begin) = (cpu_seconds(), Instant::now());
        let all: Vec<_> = (0..COUNT)
            .map(|i| {
                let (early, latest) = (early.clone(), latest.clone());
                tokio::spawn(async move {
                    let length = Duration::from_micros(i * 7_654_321 % 1_000_000);
                    let due = Instant::now() + length;
                    tokio::time::sleep(length).await;
                    match Instant::now().checked_duration_since(due) {
                        Some(late) => drop(latest.fetch_max(late.as_nanos() as i64, Relaxed)),
                        None => drop(early.fetch_add(1, Relaxed)),
                    }
                })
            })
            .collect();
        for sleeper in all {
            sleeper.await.unwrap();
        }
        let over = begin.elapsed().as_secs_f64() - 1.0;
        let figures = vec![("cpu_ms", (cpu_seconds() - cpu) * 1e3), ("over_1s_ms", over * 1e3),
                           ("latest_ms", latest.load(Relaxed) as f64 / 1e6)];
        (early.load(Relaxed) == 0).then_some(figures)
    })
}

pub fn rows() -> Vec<Row> {
    let mut rows = Vec::new();
    for workers in 1..=2 {
        let name = |prefix: &str| format!("{}/workers:{}", prefix, workers);
        rows.push(row(&name("fib/spawn/tokio/n:30"), workers, 1_346_268, |n| async move {
            for _ in 0..n {
                if fib(30).await != 832_040 {
                    return false;
                }
            }
            true
        }));
        rows.push(row(&name("skynet/tree/tokio/leaves:1000000"), workers, 1_000_000, |n| async move {
            for _ in 0..n {
                if skynet(0, 1_000_000).await != 499_999_500_000 {
                    return false;
                }
            }
            true
        }));
        rows.push(row(&name("spawn_join/one/tokio"), workers, 1, join_one));
        rows.push(row(&name("spawn_join/thousand/tokio"), workers, MANY as u64, join_many));
        rows.push(row(&name("group/thousand/tokio"), workers, MANY as u64, |n| join_set(n, false)));
        rows.push(row(&name("group/with_failure/tokio"), workers, MANY as u64, |n| join_set(n, true)));
        rows.push(Row { name: name("sleepers/100k/tokio"), workers, items: 1, run: Run::Once(sleepers) });
    }
    rows
}

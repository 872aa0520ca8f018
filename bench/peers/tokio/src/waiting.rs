use crate::harness::{row, Row};
use std::future::{ready, Future};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{mpsc, oneshot, Mutex};
use tokio::time::timeout;

// 1,000,000 yields in all, so many tasks in turn.
async fn yields(n: u64, tasks: u64) -> bool {
    for _ in 0..n {
        let all: Vec<_> = (0..tasks)
            .map(|_| {
                tokio::spawn(async move {
                    let mut done = 0;
                    while done < 1_000_000 / tasks {
                        tokio::task::yield_now().await;
                        done += 1;
                    }
                    done
                })
            })
            .collect();
        let mut done = 0;
        for task in all {
            done += task.await.unwrap();
        }
        if done != 1_000_000 {
            return false;
        }
    }
    true
}

// Tokio's channels have a buffer: one of 1 here.
async fn ping_pong(n: u64) -> bool {
    const ROUNDS: u64 = 10_000;
    for _ in 0..n {
        let ((there, mut arrives), (back, mut answers)) = (mpsc::channel(1), mpsc::channel(1));
        let other = tokio::spawn(async move {
            for _ in 0..ROUNDS {
                let number: u64 = arrives.recv().await.unwrap();
                back.send(number + 1).await.unwrap();
            }
        });
        let mut sum = 0;
        for i in 0..ROUNDS {
            there.send(i).await.unwrap();
            sum += answers.recv().await.unwrap();
        }
        other.await.unwrap();
        if sum != ROUNDS * (ROUNDS + 1) / 2 {
            return false;
        }
    }
    true
}

async fn put_and_get(n: u64) -> bool {
    const ITEMS: u64 = 100_000;
    for _ in 0..n {
        let (put, mut get) = mpsc::channel(1024);
        let producer = tokio::spawn(async move {
            for i in 0..ITEMS {
                put.send(i).await.unwrap();
            }
        });
        let consumer = tokio::spawn(async move {
            let mut sum = 0;
            while let Some(item) = get.recv().await {
                sum += item;
            }
            sum
        });
        producer.await.unwrap();
        if consumer.await.unwrap() != ITEMS * (ITEMS - 1) / 2 {
            return false;
        }
    }
    true
}

async fn lock_often(mutex: &Mutex<u64>, n: u64) {
    for _ in 0..n {
        *mutex.lock().await += 1;
    }
}

async fn lock_alone(n: u64) -> bool {
    let mutex = Mutex::new(0);
    lock_often(&mutex, n).await;
    mutex.into_inner() == n
}

async fn lock_eight(n: u64) -> bool {
    const EACH: u64 = 10_000;
    for _ in 0..n {
        let mutex = Arc::new(Mutex::new(0));
        let mine = || {
            let mutex = mutex.clone();
            tokio::spawn(async move { lock_often(&mutex, EACH).await })
        };
        let all: Vec<_> = (0..8).map(|_| mine()).collect();
        for task in all {
            task.await.unwrap();
        }
        if *mutex.lock().await != 8 * EACH {
            return false;
        }
    }
    true
}

async fn within<F: Future<Output = u64>>(work: F, guarded: bool) -> u64 {
    if guarded { timeout(Duration::from_secs(1), work).await.unwrap_or(u64::MAX) } else { work.await }
}

async fn what_is_ready(n: u64, guarded: bool) -> bool {
    for i in 0..n {
        if within(ready(i), guarded).await != i {
            return false;
        }
    }
    true
}

async fn suspends_once(n: u64, guarded: bool) -> bool {
    for i in 0..n {
        let (send, receive) = oneshot::channel();
        let work = async move {
            tokio::spawn(async move { send.send(i).unwrap() });
            receive.await.unwrap()
        };
        if within(work, guarded).await != i {
            return false;
        }
    }
    true
}

pub fn rows() -> Vec<Row> {
    let mut rows = vec![
        row("yield/all/tokio/workers:1/fibers:2", 1, 1_000_000, |n| yields(n, 2)),
        row("yield/all/tokio/workers:1/fibers:1000", 1, 1_000_000, |n| yields(n, 1000)),
        row("mutex/alone/tokio/workers:1", 1, 1, lock_alone),
    ];
    for (library, guarded) in [("tokio", true), ("tokio_bare", false)] {
        rows.push(row(&format!("timeout/ready/{}/workers:1", library), 1, 1, move |n| what_is_ready(n, guarded)));
        rows.push(row(&format!("timeout/suspends_once/{}/workers:1", library), 1, 1, move |n| suspends_once(n, guarded)));
    }
    for workers in 1..=2 {
        rows.push(row(&format!("channel/ping_pong_buffered/tokio/workers:{}", workers), workers, 10_000, ping_pong));
        let queue = format!("queue/put_and_get/tokio/workers:{}/pairs:1/capacity:1024", workers);
        rows.push(row(&queue, workers, 100_000, put_and_get));
        rows.push(row(&format!("mutex/eight/tokio/workers:{}", workers), workers, 80_000, lock_eight));
    }
    rows
}

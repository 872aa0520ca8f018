// `--serve PROBLEM`: the server of a row of that benchmark of weft's. Tells its port as two bytes.
use hyper::service::{make_service_fn, service_fn};
use hyper::{header, Body, Response, Server};
use std::convert::Infallible;
use std::future::Future;
use std::io::Write;
use std::sync::Mutex;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Builder;

pub fn serve(problem: &str) {
    let threads = if problem == "mixed" { 2 } else { 1 };
    let runtime = Builder::new_multi_thread().worker_threads(threads).enable_all().build().unwrap();
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let port = listener.local_addr().unwrap().port();
    std::io::stdout().write_all(&port.to_le_bytes()).unwrap();
    std::io::stdout().flush().unwrap();
    // In a task, which a worker runs; the main thread only waits for it.
    let served = {
        let _inside = runtime.enter();
        match problem {
            "http" => runtime.spawn(pages(listener)),
            "echo" => runtime.spawn(connections(listener, echo)),
            _ => runtime.spawn(connections(listener, answer)),
        }
    };
    runtime.block_on(served).unwrap();
}

async fn connections<W>(listener: std::net::TcpListener, each: fn(TcpStream) -> W)
where
    W: Future<Output = std::io::Result<()>> + Send + 'static,
{
    let listener = TcpListener::from_std(listener).unwrap();
    loop {
        let (stream, _) = listener.accept().await.unwrap();
        stream.set_nodelay(true).unwrap();
        tokio::spawn(each(stream));
    }
}

async fn echo(mut stream: TcpStream) -> std::io::Result<()> {
    let mut some = [0; 1024];
    loop {
        let n = stream.read(&mut some).await?;
        if n == 0 {
            return Ok(());
        }
        stream.write_all(&some[..n]).await?;
    }
}

async fn answer(mut stream: TcpStream) -> std::io::Result<()> {
    let mut request = [0; 64];
    loop {
        stream.read_exact(&mut request).await?;
        cost(request[0]);
        stream.write_all(&request).await?;
    }
}

async fn pages(listener: std::net::TcpListener) {
    let service = make_service_fn(|_| async {
        Ok::<_, Infallible>(service_fn(|_| async {
            let page = Response::builder().header(header::CONTENT_TYPE, "text/plain").body(Body::from("Hello, world!"));
            Ok::<_, Infallible>(page.unwrap())
        }))
    });
    Server::from_tcp(listener).unwrap().tcp_nodelay(true).serve(service).await.unwrap();
}

static ONE: Mutex<()> = Mutex::new(());

// As in bench/mixed: 1 takes 20 ms of CPU time, 2 blocks its thread for as long, 3 does so under a mutex.
fn cost(kind: u8) {
    const LENGTH: Duration = Duration::from_millis(20);
    match kind {
        1 => {
            let end = thread_time() + LENGTH;
            while thread_time() < end {}
        }
        2 => std::thread::sleep(LENGTH),
        3 => {
            let _held = ONE.lock().unwrap();
            std::thread::sleep(LENGTH);
        }
        _ => (),
    }
}

fn thread_time() -> Duration {
    let mut now = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    unsafe { libc::clock_gettime(libc::CLOCK_THREAD_CPUTIME_ID, &mut now) };
    Duration::new(now.tv_sec as u64, now.tv_nsec as u32)
}

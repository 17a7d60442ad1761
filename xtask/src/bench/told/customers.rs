//! Customers who are not happy at all, one after the other.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use super::mail_server::order_ref;
use crate::bench::load::{ANSWER_MAX_BYTES, CREATED, WARM_UP, receive};
use crate::bench::requests;

/// How many rate a second.
pub const PER_SECOND: u32 = 10;

/// So many post a response each when they are due, from the end of the load's warm-up on; when each was acknowledged.
///
/// # Errors
/// A response was refused, or the server does not answer.
pub fn post(address: SocketAddr, site_key: &str, count: usize) -> Result<Vec<Instant>> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let host = address.to_string();
        let mut stream = TcpStream::connect(address).await.context("an unhappy customer cannot connect")?;
        stream.set_nodelay(true)?;
        let (mut request, mut answer) = (Vec::new(), vec![0; ANSWER_MAX_BYTES]);
        let mut acknowledged = Vec::with_capacity(count);
        let mut due = Instant::now() + WARM_UP;
        for number in 0..count {
            requests::unhappy(&host, site_key, &order_ref(number))?.render(&mut request)?;
            tokio::time::sleep_until(due.into()).await;
            due += Duration::from_secs(1) / PER_SECOND;
            stream.write_all(&request).await.context("an unhappy customer cannot send a response")?;
            let status = receive(&mut stream, &mut answer).await?;
            acknowledged.push(Instant::now());
            ensure!(status == CREATED, "an unhappy customer was answered {status}");
        }
        Ok(acknowledged)
    })
}

//! Where a service listens for HTTP.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use super::{Environment, Mode, Reported};

/// Reads `HOST` and `PORT`: port 9700 unless set; all addresses in production, where a load balancer calls
/// from outside the container, and the loopback address at a desk.
///
/// # Errors
/// [`Reported`]; the complaints come out of [`Environment::finish`].
pub fn listen_address(env: &mut Environment) -> Result<SocketAddr, Reported> {
    // Whoever reads the base settings complains of a mode that is missing.
    let mode = env.maybe("ENVIRONMENT")?.map(|name| Mode::from_name(&name));
    let everywhere = mode == Some(Mode::Production);
    let host = if everywhere { Ipv4Addr::UNSPECIFIED } else { Ipv4Addr::LOCALHOST };
    let host = env.parsed("HOST", IpAddr::from(host), "an IP address to listen on");
    // Port 0 would be any that is free, which no load balancer finds; at a desk it is what a test wants.
    let port = match env.parsed("PORT", 9700, "a TCP port") {
        Ok(0) if everywhere => {
            Err(env.reject("PORT", "is 0, which is any that is free; set it to a TCP port from 1 to 65535"))
        }
        port => port,
    };
    Ok((host?, port?).into())
}

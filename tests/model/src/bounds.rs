//! How much happens in a run of the checker.

/// The large exploration has at least so many distinct states.
pub const LEAST_STATES: usize = 10_000_000;

/// How much happens in one run.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// How many orders are placed, 1 or 2.
    pub orders: usize,
    /// The credit limits of the customer; each is a world of its own. An order costs 1.
    pub limits: &'static [u8],
    /// How many orders are cancelled.
    pub cancels: usize,
    /// How many faults happen.
    pub faults: u8,
    /// Whether a second call of the relay may be under way at once.
    pub second_relay: bool,
    /// How many messages are handled at once, 1 or 2.
    pub handlers: usize,
    /// Whether there is a second consumer of new orders, which only counts them.
    pub tally: bool,
}

impl Bounds {
    /// The bounds of the large exploration: it takes minutes and has at least [`LEAST_STATES`] distinct states.
    pub const fn full() -> Self {
        Self { orders: 2, limits: &[1], cancels: 1, faults: 2, second_relay: true, handlers: 2, tally: false }
    }

    /// What the large exploration leaves out, in smaller ones: credit for both orders, and a consumer that only the inbox guards.
    pub const fn further() -> [Self; 2] {
        let both_approved = Self { limits: &[2], faults: 1, ..Self::full() };
        [both_approved, Self { orders: 1, tally: true, ..Self::full() }]
    }
}

impl std::fmt::Display for Bounds {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { orders, limits, cancels, faults, second_relay, handlers, tally } = self;
        let limits: Vec<_> = limits.iter().map(ToString::to_string).collect();
        write!(f, "orders {orders}, credit for {}, cancellations {cancels}, ", limits.join(" or "))?;
        write!(f, "faults {faults}, relays {}, handlers {handlers}", 1 + u8::from(*second_relay))?;
        if *tally { f.write_str(", second consumer") } else { Ok(()) }
    }
}

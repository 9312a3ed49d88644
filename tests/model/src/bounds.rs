//! How much happens in a run of the checker.

/// The explorations of the sound protocol have at least so many distinct states, all together.
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
    /// How many orders are given up because nobody has decided in time.
    pub give_ups: usize,
    /// How many faults happen.
    pub faults: u8,
    /// Whether a second call of the relay may be under way at once.
    pub second_relay: bool,
    /// Whether every transaction of the orders service becomes visible item by item, and a second relay may
    /// always be at work. Otherwise each is a fault.
    pub item_by_item: bool,
    /// Whether the commit that approves an order stores two rows.
    pub receipts: bool,
    /// How many messages are handled at once, 1 or 2.
    pub handlers: usize,
    /// Whether there is a second consumer of new orders, which only counts them.
    pub tally: bool,
}

impl Bounds {
    /// Two orders race for the credit of one, one is cancelled, and one thing goes wrong at any point.
    pub const RACE: Self = Self {
        orders: 2,
        limits: &[1],
        cancels: 1,
        give_ups: 0,
        faults: 1,
        second_relay: true,
        item_by_item: false,
        receipts: false,
        handlers: 2,
        tally: false,
    };

    /// The explorations of the sound protocol, each deep where the others are not; together they have
    /// [`LEAST_STATES`]. One with all of it at once would be a hundred times as large.
    pub const EXPLORED: [Self; 7] = [
        Self::RACE,
        Self { limits: &[2], faults: 0, ..Self::RACE },
        Self { give_ups: 1, faults: 0, ..Self::RACE },
        Self { give_ups: 1, second_relay: false, handlers: 1, ..Self::RACE },
        // Two faults, and a consumer that only the inbox guards.
        Self { orders: 1, faults: 2, tally: true, ..Self::RACE },
        Self { receipts: true, faults: 0, ..Self::ITEM_BY_ITEM },
        Self::ITEM_BY_ITEM,
    ];

    /// One order, whose transactions all become visible item by item, and two relays.
    pub const ITEM_BY_ITEM: Self = Self { orders: 1, handlers: 1, item_by_item: true, ..Self::RACE };
}

impl std::fmt::Display for Bounds {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { orders, limits, cancels, give_ups, faults, handlers, .. } = self;
        let limits: Vec<_> = limits.iter().map(ToString::to_string).collect();
        write!(f, "orders {orders}, credit for {}, cancellations {cancels}, ", limits.join(" or "))?;
        write!(f, "given up {give_ups}, faults {faults}, ")?;
        write!(f, "relays {}, handlers {handlers}", 1 + u8::from(self.second_relay))?;
        let more = [
            (self.item_by_item, ", all orders item by item"),
            (self.receipts, ", commits of two rows"),
            (self.tally, ", second consumer"),
        ];
        more.into_iter().filter(|(is_so, _)| *is_so).try_for_each(|(_, says)| f.write_str(says))
    }
}

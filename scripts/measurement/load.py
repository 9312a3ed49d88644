"""Orders through the services: one after the other, and at a rate. An order's time runs from when it was
due, not from when this machine came to send it: a system that makes its callers wait must not be
flattered by that.
"""

import asyncio
import concurrent.futures
import time

from .calls import fail

# Between two orders that are alone, so that nothing of the first one is still under way.
REST = 0.5
# How often an order is looked at. Among many, looking must not be the load; each time told is then up to a look too long.
LOOK_ALONE, LOOK_AMONG_MANY = 0.02, 0.25
# Who is not decided on by then is counted as undecided.
PATIENCE = 60
THREADS = 64


def percentile(values, share):
    """The smallest value that so many are not above; None of nothing."""
    ordered = sorted(values)
    return ordered[max(0, -(-len(ordered) * share // 100) - 1)] if ordered else None


class Load:
    def __init__(self, customers, orders):
        self.customers, self.orders = customers, orders
        self.pool = concurrent.futures.ThreadPoolExecutor(THREADS)
        self.ids = []

    async def call(self, service, *request):
        return await asyncio.get_running_loop().run_in_executor(self.pool, service.call, *request)

    async def make_customers(self, count):
        """Many, because the orders of one wait for each other."""
        body = {"name": "Measured", "credit_limit": 1_000_000_000}
        answers = await asyncio.gather(
            *(self.call(self.customers, "POST", "/customers", body) for _ in range(count))
        )
        for status, answer in answers:
            if status != 200:
                fail(f"POST {self.customers.url}/customers was answered with {status}: {answer}")
            self.ids.append(answer["id"])

    async def order(self, number, due, look):
        """How it ended, after how many seconds, and how late this machine was."""
        await asyncio.sleep(max(0, due - time.monotonic()))
        late = time.monotonic() - due
        body = {"customer_id": self.ids[number % len(self.ids)], "order_total": 1}
        status, answer = await self.call(self.orders, "POST", "/orders", body)
        if status != 200:
            return f"POST: {status or answer}", time.monotonic() - due, late
        while time.monotonic() - due < PATIENCE:
            await asyncio.sleep(look)
            status, found = await self.call(self.orders, "GET", f"/order/{answer['id']}")
            if status == 200 and found["state"] != "PENDING":
                return found["state"], time.monotonic() - due, late
        return "undecided", time.monotonic() - due, late

    async def alone(self, count):
        ends = []
        for number in range(count):
            await asyncio.sleep(REST)
            ends.append(await self.order(number, time.monotonic(), LOOK_ALONE))
        return Found(0, ends, count)

    async def step(self, rate, seconds):
        begin = time.monotonic()
        orders = (
            self.order(number, begin + number / rate, LOOK_AMONG_MANY) for number in range(rate * seconds)
        )
        ends = await asyncio.gather(*orders)
        return Found(rate, ends, max(end[1] + number / rate for number, end in enumerate(ends)))


class Found:
    """What became of the orders of one step."""

    def __init__(self, rate, ends, seconds):
        approved = [took for state, took, _ in ends if state == "APPROVED"]
        self.rate, self.orders, self.approved = rate, len(ends), len(approved)
        self.a_second = len(approved) / seconds
        self.others = {}
        for state, _, _ in ends:
            if state != "APPROVED":
                self.others[state] = self.others.get(state, 0) + 1
        self.ms = {
            share: None if not approved else round(percentile(approved, share) * 1e3)
            for share in (50, 90, 99, 100)
        }
        self.late_ms = round(percentile([late for _, _, late in ends], 99) * 1e3)

    def kept_up(self):
        """Ninety-nine of a hundred were approved."""
        return self.approved >= 0.99 * self.orders

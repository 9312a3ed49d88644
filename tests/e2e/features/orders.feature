Feature: Orders and the life they lead
  The customers service stays out of this: the scenarios publish its messages themselves, and without one an order stays pending.

  Background:
    Given only the orders service takes part

  Scenario: The service says that it is healthy
    When GET /orders/health is requested
    Then the answer is 200 {"status":"ok"}
    When GET /orders/health/ is requested
    Then the answer is 200 {"status":"ok"}
    When GET /orders/ready is requested
    Then the answer is 200 {"status":"ok"}

  Scenario: An order is created
    When an order of 123.99 is placed
    Then the answer is 200
    And it links to the order
    And the order has a total of 123.99
    And the order is PENDING
    And the order is as new as on its first day
    And OrderCreated is published once
    And its order_total is 12399
    And its state is PENDING
    And it happened when the order was created

  Scenario: An unknown order cannot be read
    Given an order that nobody has heard of
    When GET /order/{order} is requested
    Then the answer is 404 ORDER_NOT_FOUND_ERROR
    And it links to the order

  Scenario: An unknown order cannot be cancelled
    Given an order that nobody has heard of
    When the order is cancelled
    Then the answer is 404 ORDER_NOT_FOUND_ERROR
    And it links to the order

  Scenario Outline: The customers service decides about a pending order
    Given a pending order
    When <message> arrives for the order
    Then the order becomes <state>
    And <event> is published once
    And its state is <state>
    And the order is at version 1

    Examples:
      | message                         | state    | event         |
      | CustomerCreditReserved          | APPROVED | OrderApproved |
      | CustomerCreditReservationFailed | REJECTED | OrderRejected |
      | CustomerValidationFailed        | REJECTED | OrderRejected |

  Scenario: An order on which nobody decides in time is rejected with the reason
    Given a pending order
    When the order's time is up
    Then the order becomes REJECTED
    And it says TIMEOUT
    And OrderRejected is published once
    And its state is REJECTED
    And its reason is TIMEOUT
    And the order is at version 1

  Scenario Outline: A decision that comes after the time was up is harmless: <message>
    Given a pending order
    When the order's time is up
    Then the order becomes REJECTED
    When <message> arrives for the order
    And all messages are handled
    Then the order is REJECTED
    And the order is at version 1
    And OrderApproved is not published
    And OrderRejected is published once

    Examples:
      | message                         |
      | CustomerCreditReserved          |
      | CustomerCreditReservationFailed |
      | CustomerValidationFailed        |

  Scenario: An approved order is cancelled
    Given an approved order
    When the order is cancelled
    Then the answer is 200
    And it links to the order
    And the order is CANCELLED
    And OrderCancelled is published once
    And its state is CANCELLED

  Scenario: A pending order cannot be cancelled
    Given a pending order
    When the order is cancelled
    Then the answer is 400 PENDING_ORDER_CANNOT_BE_CANCELLED_ERROR
    And it links to the order
    And the order is PENDING
    And OrderCancelled is not published

  Scenario: A rejected order cannot be cancelled
    Given a rejected order
    When the order is cancelled
    Then the answer is 400 REJECTED_ORDER_CANNOT_BE_CANCELLED_ERROR
    And it links to the order
    And the order is REJECTED
    And the order is at version 1
    And OrderCancelled is not published

  Scenario: Cancelling an order again changes nothing
    Given an approved order
    When the order is cancelled
    And the order is cancelled
    Then the answer is 200
    And it links to the order
    And the order is CANCELLED
    And the order is at version 2
    And OrderCancelled is published once

  Scenario: A message that is delivered several times takes effect once
    Given a pending order
    When CustomerCreditReserved arrives 3 times for the order
    Then the order becomes APPROVED
    When the same message arrives again
    And all messages are handled
    Then OrderApproved is published once
    And the order is at version 1

  Scenario: A repeated request with an Idempotency-Key places one order
    Given the requests carry an Idempotency-Key
    When an order of 123.99 is placed
    And the same request is sent again
    Then the answer is 200
    And both answers name the same order
    And OrderCreated is published once

  Scenario: An Idempotency-Key cannot be used for another order
    Given the requests carry an Idempotency-Key
    When an order of 123.99 is placed
    And an order of 124.00 is placed
    Then the answer is 422 IDEMPOTENCY_KEY_REUSED_ERROR
    And the order has a total of 123.99
    And OrderCreated is published once

  Scenario: A decision that can be read before its order waits for it
    Given only the orders service takes part
    And the requests carry an Idempotency-Key
    And an order that will be placed with this key
    When CustomerCreditReserved arrives for the order
    And an order of 123.99 is placed
    Then the order becomes APPROVED

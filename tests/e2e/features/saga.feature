Feature: Customers and orders decide together

  Scenario: An order within the credit limit is approved
    Given a customer with a credit limit of 249.99
    When an order of 149.99 is placed
    Then the order becomes APPROVED
    And 100.00 of the credit is available
    And each of these events was published once, caused by the one before
      | OrderCreated           |
      | CustomerCreditReserved |
      | OrderApproved          |

  Scenario: An order over the credit limit is rejected
    Given a customer with a credit limit of 249.99
    When an order of 300.00 is placed
    Then the order becomes REJECTED
    And it says CREDIT_LIMIT_EXCEEDED
    And 249.99 of the credit is available
    And each of these events was published once, caused by the one before
      | OrderCreated                    |
      | CustomerCreditReservationFailed |
      | OrderRejected                   |

  Scenario: An order of an unknown customer is rejected
    Given an unknown customer
    When an order of 123.99 is placed
    Then the order becomes REJECTED
    And it says CUSTOMER_NOT_FOUND
    And each of these events was published once, caused by the one before
      | OrderCreated             |
      | CustomerValidationFailed |
      | OrderRejected            |

  Scenario: A cancelled order gives its credit back
    Given a customer with a credit limit of 249.99
    When an order of 149.99 is placed
    Then the order becomes APPROVED
    When the order is cancelled
    Then the answer is 200
    And the order is CANCELLED
    And 249.99 of the credit becomes available

  Scenario: Orders that compete for the same credit never overdraw it
    Given a customer with a credit limit of 249.99
    When 10 orders of 60.00 are placed at once
    Then 4 of them become APPROVED and 6 of them REJECTED
    And 9.99 of the credit is available

  Scenario: A request without a correlation id gets one that every event carries
    Given an unknown customer
    And the requests carry no correlation id
    When an order of 123.99 is placed
    Then the answer has a correlation id of its own
    And each of these events was published once, caused by the one before
      | OrderCreated             |
      | CustomerValidationFailed |
      | OrderRejected            |

  Scenario: A malformed correlation id is replaced by a fresh one
    Given an unknown customer
    And the requests carry the correlation id "or-what-you-will"
    When an order of 123.99 is placed
    Then the answer has a correlation id of its own
    And OrderCreated is published once

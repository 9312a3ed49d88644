Feature: Customers and their credit
  The orders service stays out of this: the scenarios publish its messages themselves.

  Background:
    Given only the customers service takes part

  Scenario: The service says that it is healthy
    When GET /customers/health is requested
    Then the answer is 200 {"status":"ok"}
    When GET /customers/health/ is requested
    Then the answer is 200 {"status":"ok"}
    When GET /customers/ready is requested
    Then the answer is 200 {"status":"ok"}

  Scenario: A customer is created
    When a customer with a credit limit of 249.99 is created
    Then the answer is 200
    And it links to the customer
    And the customer has a credit limit of 249.99
    And 249.99 of the credit is available
    And the customer is as new as on its first day
    And CustomerCreated is published once
    And its credit_limit is 24999
    And it happened when the customer was created

  Scenario: An unknown customer cannot be read
    Given an unknown customer
    When GET /customer/{customer} is requested
    Then the answer is 404 CUSTOMER_NOT_FOUND_ERROR
    And it links to the customer

  Scenario: A slash at the end and unknown fields make no difference
    When {"name": "Ada", "credit_limit": 24999, "nickname": null} is posted to /customers
    Then the answer is 200
    When GET /customer/{customer}/ is requested
    Then the answer is 200

  Scenario Outline: Credit is reserved for an order within the limit
    Given a customer with a credit limit of 249.99
    When OrderCreated arrives for an order of <total>
    Then CustomerCreditReserved is published once
    And its order_id is that of the order
    And <left> of the credit is available

    Examples:
      | total  | left   |
      | 149.99 | 100.00 |
      | 249.99 | 0.00   |
      | 0.00   | 249.99 |

  Scenario Outline: Credit is not reserved for an order over the limit
    Given a customer with a credit limit of 249.99
    When OrderCreated arrives for an order of <total>
    Then CustomerCreditReservationFailed is published once
    And its order_id is that of the order
    And 249.99 of the credit is available
    And CustomerCreditReserved is not published

    Examples:
      | total             |
      | 300.00            |
      | 250.00            |
      | 90071992547409.91 |

  Scenario: An order of an unknown customer is refused
    Given an unknown customer
    When OrderCreated arrives for an order of 149.99
    Then CustomerValidationFailed is published once
    And its order_id is that of the order
    And its error is CUSTOMER_NOT_FOUND_ERROR

  Scenario: A cancelled order gives its credit back
    Given a customer with a credit limit of 249.99
    When OrderCreated arrives for an order of 149.99
    Then CustomerCreditReserved is published once
    And 100.00 of the credit is available
    When OrderCancelled arrives for the order
    Then 249.99 of the credit becomes available

  Scenario: A cancellation that overtakes its order leaves nothing reserved
    Given a customer with a credit limit of 249.99
    And an order that nobody has heard of
    When OrderCancelled arrives for the order
    And all messages are handled
    And OrderCreated arrives for the order
    And all messages are handled
    Then CustomerCreditReserved is not published
    And 249.99 of the credit is available

  Scenario: An order that was given up gives back what was reserved late
    Given a customer with a credit limit of 249.99
    When OrderCreated arrives for an order of 149.99
    Then CustomerCreditReserved is published once
    And 100.00 of the credit is available
    When OrderRejected arrives 2 times for the order
    Then 249.99 of the credit becomes available
    And all messages are handled
    And the customer is at version 2

  Scenario: An order that arrives after it was given up reserves nothing
    Given a customer with a credit limit of 249.99
    And an order that nobody has heard of
    When OrderRejected arrives for the order
    And all messages are handled
    And OrderCreated arrives for the order
    And all messages are handled
    Then CustomerCreditReserved is not published
    And 249.99 of the credit is available

  Scenario: A message that is delivered several times takes effect once
    Given a customer with a credit limit of 249.99
    When OrderCreated arrives 3 times for an order of 149.99
    Then CustomerCreditReserved is published once
    When the same message arrives again
    And all messages are handled
    Then CustomerCreditReserved is published once
    And 100.00 of the credit is available
    And the customer is at version 1

  Scenario: A release that is delivered several times takes effect once
    Given a customer with a credit limit of 249.99
    When OrderCreated arrives for an order of 149.99
    Then CustomerCreditReserved is published once
    When OrderCancelled arrives for the order
    And the same message arrives again
    Then 249.99 of the credit becomes available
    And all messages are handled
    And 249.99 of the credit is available
    And the customer is at version 2

  Scenario: A repeated request with an Idempotency-Key creates one customer
    Given the requests carry an Idempotency-Key
    When a customer with a credit limit of 249.99 is created
    And the same request is sent again
    Then the answer is 200
    And both answers name the same customer
    And CustomerCreated is published once

  Scenario: An Idempotency-Key cannot be used for another customer
    Given the requests carry an Idempotency-Key
    When a customer with a credit limit of 249.99 is created
    And a customer with a credit limit of 250.00 is created
    Then the answer is 422 IDEMPOTENCY_KEY_REUSED_ERROR
    And the customer has a credit limit of 249.99
    And CustomerCreated is published once

@mails
Feature: Each decision about an order is mailed once

  Background:
    Given all services take part

  Scenario: An approval and a cancellation are mailed
    Given a customer with a credit limit of 249.99 and the address ada@example.com
    When an order of 149.99 is placed
    Then the order becomes APPROVED
    And one mail to ada@example.com says "Your order is approved"
    When the order is cancelled
    Then one mail to ada@example.com says "Your order is cancelled"

  Scenario: A rejection is mailed
    Given a customer with a credit limit of 249.99 and the address bob@example.com
    When an order of 300.00 is placed
    Then the order becomes REJECTED
    And one mail to bob@example.com says "Your order could not be accepted"

  Scenario: A decision that is heard of three times is mailed once
    Given a customer with a credit limit of 249.99 and the address cleo@example.com
    And an order that nobody has heard of
    When OrderApproved arrives 3 times for the order
    Then one mail to cleo@example.com says "Your order is approved"
    When all messages are handled
    Then there are 1 mails to cleo@example.com about the order

  Scenario: A text that is no message of an order
    When the text "the rest is silence" arrives in the queue notification--order-approved
    Then it ends in the dead-letter queue of notification--order-approved because "no cloudevents document"

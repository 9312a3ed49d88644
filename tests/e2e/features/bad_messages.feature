Feature: Messages that can never be handled end in the dead-letter queue, with the reason
  None is deleted silently, and none is tried again and again.

  Scenario Outline: A text that is no message: <queue>
    When the text "the rest is silence" arrives in the queue <queue>
    Then it ends in the dead-letter queue of <queue> because "no cloudevents document"

    Examples:
      | queue                                      |
      | customer--order-created                    |
      | customer--order-cancelled                  |
      | customer--order-rejected                   |
      | order--customer-credit-reserved            |
      | order--customer-credit-reservation-failed  |
      | order--customer-validation-failed          |

  Scenario Outline: A message of another type: <type> among <expected>
    When <type> arrives on the topic of <expected>
    Then it ends in the dead-letter queue of <queue> because "<expected> was expected on this queue, not <type>"

    Examples:
      | type                            | expected                        | queue                                     |
      | OrderApproved                   | OrderCreated                    | customer--order-created                   |
      | OrderCreated                    | OrderCancelled                  | customer--order-cancelled                 |
      | OrderCancelled                  | OrderRejected                   | customer--order-rejected                  |
      | CustomerCreated                 | CustomerCreditReserved          | order--customer-credit-reserved           |
      | CustomerCreditReserved          | CustomerCreditReservationFailed | order--customer-credit-reservation-failed |
      | CustomerCreditReservationFailed | CustomerValidationFailed        | order--customer-validation-failed         |

  Scenario Outline: An order total that is none: <total>
    Given only the customers service takes part
    And a customer with a credit limit of 249.99
    When OrderCreated arrives with an order_total of <total>
    Then it ends in the dead-letter queue of customer--order-created because "<reason>"
    And 249.99 of the credit is available
    And CustomerCreditReserved is not published
    And CustomerCreditReservationFailed is not published

    Examples:
      | total            | reason                             |
      | -1               | invalid value: integer `-1`        |
      | 1.5              | invalid type: floating point `1.5` |
      | "100"            | invalid type: string               |
      | null             | invalid type: null                 |
      | 9007199254740992 | a whole number of minor units      |

  Scenario: A message without a field that is needed
    Given only the customers service takes part
    And a customer with a credit limit of 249.99
    When OrderCreated arrives without its order_total
    Then it ends in the dead-letter queue of customer--order-created because "missing field `order_total`"

  Scenario: A decision that contradicts the one before
    Given only the orders service takes part
    And an approved order
    When CustomerCreditReservationFailed arrives for the order
    Then it ends in the dead-letter queue of order--customer-credit-reservation-failed because "contradicts"
    And the order is APPROVED
    And OrderRejected is not published

  Scenario: A cancellation of an order of an unknown customer
    Given only the customers service takes part
    And an unknown customer
    And an order that nobody has heard of
    When OrderCancelled arrives for the order
    Then it ends in the dead-letter queue of customer--order-cancelled because "does not exist"

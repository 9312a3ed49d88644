Feature: Bad requests change nothing
  "Nothing was written" is proved by the Idempotency-Key of the bad request: it must still be free for a good one.

  Background:
    Given the requests carry an Idempotency-Key

  Scenario Outline: No customer is created from <what>
    When <body> is posted to /customers
    Then the answer is 400 <code>
    And nothing was written and nothing was published

    Examples:
      | what                           | body                                                      | code                 |
      | a body cut short               | {"name": "Ada", "credit_limit":                           | MALFORMED_JSON_ERROR |
      | a body with more behind it     | {"name": "Ada", "credit_limit": 24999} {}                 | MALFORMED_JSON_ERROR |
      | an empty body                  | nothing                                                   | MALFORMED_JSON_ERROR |
      | a list                         | ["Ada", 24999]                                            | VALIDATION_ERROR     |
      | an empty object                | {}                                                        | VALIDATION_ERROR     |
      | a body without a name          | {"credit_limit": 24999}                                   | VALIDATION_ERROR     |
      | a body without a limit         | {"name": "Ada"}                                           | VALIDATION_ERROR     |
      | a name that is null            | {"name": null, "credit_limit": 24999}                     | VALIDATION_ERROR     |
      | a name that is a number        | {"name": 7, "credit_limit": 24999}                        | VALIDATION_ERROR     |
      | an empty name                  | {"name": "", "credit_limit": 24999}                       | VALIDATION_ERROR     |
      | a name of spaces               | {"name": "   ", "credit_limit": 24999}                    | VALIDATION_ERROR     |
      | a name with a control char     | {"name": "A\\u0007da", "credit_limit": 24999}             | VALIDATION_ERROR     |
      | a name of 201 characters       | {"name": "x×201", "credit_limit": 24999}                  | VALIDATION_ERROR     |
      | a limit that is null           | {"name": "Ada", "credit_limit": null}                     | VALIDATION_ERROR     |
      | a limit that is text           | {"name": "Ada", "credit_limit": "24999"}                  | VALIDATION_ERROR     |
      | a limit that is true           | {"name": "Ada", "credit_limit": true}                     | VALIDATION_ERROR     |
      | a negative limit               | {"name": "Ada", "credit_limit": -1}                       | VALIDATION_ERROR     |
      | a fractional limit             | {"name": "Ada", "credit_limit": 249.99}                   | VALIDATION_ERROR     |
      | a limit of 2^53                | {"name": "Ada", "credit_limit": 9007199254740992}         | VALIDATION_ERROR     |
      | a limit over 2^64              | {"name": "Ada", "credit_limit": 100000000000000000000}    | VALIDATION_ERROR     |
      | a limit with an exponent       | {"name": "Ada", "credit_limit": 1e3}                      | VALIDATION_ERROR     |
      | an email that is no address    | {"name": "Ada", "credit_limit": 24999, "email": "ada"}    | VALIDATION_ERROR     |
      | an email that is a number      | {"name": "Ada", "credit_limit": 24999, "email": 7}        | VALIDATION_ERROR     |

  Scenario Outline: No order is placed from <what>
    When <body> is posted to /orders
    Then the answer is 400 <code>
    And nothing was written and nothing was published

    Examples:
      | what                           | body                                                      | code                 |
      | a body cut short               | {"customer_id": "{customer}", "order_total                | MALFORMED_JSON_ERROR |
      | an empty body                  | nothing                                                   | MALFORMED_JSON_ERROR |
      | a list                         | ["{customer}", 12399]                                     | VALIDATION_ERROR     |
      | a body without a customer      | {"order_total": 12399}                                    | VALIDATION_ERROR     |
      | a body without a total         | {"customer_id": "{customer}"}                             | VALIDATION_ERROR     |
      | a customer id that is none     | {"customer_id": "Ada", "order_total": 12399}              | VALIDATION_ERROR     |
      | a customer id in braces        | {"customer_id": "{{customer}}", "order_total": 12399}     | VALIDATION_ERROR     |
      | a total that is text           | {"customer_id": "{customer}", "order_total": "12399"}     | VALIDATION_ERROR     |
      | a negative total               | {"customer_id": "{customer}", "order_total": -1}          | VALIDATION_ERROR     |
      | a fractional total             | {"customer_id": "{customer}", "order_total": 123.99}      | VALIDATION_ERROR     |
      | a total of 2^53                | {"customer_id": "{customer}", "order_total": 9007199254740992}      | VALIDATION_ERROR |
      | a total over 2^64              | {"customer_id": "{customer}", "order_total": 100000000000000000000} | VALIDATION_ERROR |

  Scenario Outline: Amounts and names are accepted up to their limit
    When <body> is posted to /customers
    Then the answer is 200

    Examples:
      | body                                              |
      | {"name": "x×200", "credit_limit": 0}              |
      | {"name": "Ada", "credit_limit": 9007199254740991} |

  Scenario Outline: A body over 64 KiB is refused by <path>
    When a good body of 65537 bytes is posted to <path>
    Then the answer is 413 PAYLOAD_TOO_LARGE_ERROR
    And nothing was written and nothing was published

    Examples:
      | path       |
      | /customers |
      | /orders    |

  Scenario Outline: A body of 64 KiB is accepted by <path>
    When a good body of 65536 bytes is posted to <path>
    Then the answer is 200

    Examples:
      | path       |
      | /customers |
      | /orders    |

  Scenario Outline: A body must be labelled as JSON: <path> and <type>
    When a good body is posted to <path> as <type>
    Then the answer is 415 UNSUPPORTED_MEDIA_TYPE_ERROR
    And nothing was written and nothing was published

    Examples:
      | path       | type                              |
      | /customers | text/plain                        |
      | /customers | application/x-www-form-urlencoded |
      | /customers | nothing                           |
      | /orders    | text/plain                        |
      | /orders    | nothing                           |

  Scenario Outline: An id must be a UUID: <method> <path>
    When <method> <path> is requested
    Then the answer is 400 INVALID_ID_ERROR
    And nothing was written and nothing was published

    Examples:
      | method | path                                    |
      | GET    | /customer/invalid-uuid-format           |
      | GET    | /customer/{{customer}}                  |
      | GET    | /order/invalid-uuid-format              |
      | GET    | /order/urn:uuid:{order}                 |
      | POST   | /order/invalid-uuid-format/cancel       |

  Scenario Outline: Unknown routes: <method> <path>
    When <method> <path> is requested
    Then the answer is 404 ROUTE_NOT_FOUND_ERROR
    And nothing was written and nothing was published

    Examples:
      | method | path                    |
      | GET    | /customer               |
      | GET    | /customer/{customer}/x  |
      | GET    | /order                  |
      | POST   | /order/{order}/cance    |

  Scenario Outline: A path with a slash at its end is the same: <path>
    When a good body is posted to <path>
    Then the answer is 200

    Examples:
      | path        |
      | /customers/ |
      | /orders/    |

  Scenario Outline: Wrong methods: <method> <path>
    When <method> <path> is requested
    Then the answer is 405 METHOD_NOT_ALLOWED_ERROR
    And nothing was written and nothing was published

    Examples:
      | method | path                   |
      | PUT    | /customers             |
      | GET    | /customers             |
      | DELETE | /customer/{customer}   |
      | PATCH  | /orders                |
      | GET    | /orders                |
      | PUT    | /order/{order}         |
      | GET    | /order/{order}/cancel  |

  Scenario Outline: An Idempotency-Key that is <what> is refused
    Given the requests carry the Idempotency-Key "<key>"
    When a good body is posted to <path>
    Then the answer is 400 INVALID_IDEMPOTENCY_KEY_ERROR
    And <event> is not published

    Examples:
      | what      | key   | path       | event           |
      | too long  | x×256 | /customers | CustomerCreated |
      | two words | to be | /orders    | OrderCreated    |

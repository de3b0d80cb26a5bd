"""The bank gateway: routes that banks call, for the feed, documents, liens, orders and the I4C wire."""

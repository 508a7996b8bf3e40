#!/bin/sh
# Tells Kairos about an order and prints what it decides.
set -eu
url=${KAIROS_URL:-http://127.0.0.1:8080}
if answer=$(curl --silent --show-error --fail-with-body --max-time 1 \
    --header 'content-type: application/cloudevents+json' ${KAIROS_TOKEN:+--header "authorization: Bearer $KAIROS_TOKEN"} \
    --data '{"specversion":"1.0","id":"order-4711","source":"shop/gb","type":"order.placed","subject":"crm:17850","channel":"web",
             "data":{"order":"4711","total":{"amount":"139.12","currency":"GBP"},"skus":["85123A"]}}' \
    "$url/v1/markets/gb/events"); then
  echo "decided: $answer"
else
  echo "no decision, the page goes without: $answer"
fi

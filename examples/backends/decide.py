"""Tells Kairos about an order and shows the banner that it decides on, if any."""
import json, os, urllib.error, urllib.request

event = {
    "specversion": "1.0", "id": "order-4713", "source": "shop/gb", "type": "order.placed", "subject": "crm:17850", "channel": "web",
    "data": {"order": "4713", "total": {"amount": "139.12", "currency": "GBP"}, "skus": ["85123A"]},
}
headers = {"content-type": "application/cloudevents+json"}
if token := os.environ.get("KAIROS_TOKEN"):
    headers["authorization"] = f"Bearer {token}"
url = os.environ.get("KAIROS_URL", "http://127.0.0.1:8080") + "/v1/markets/gb/events"
try:
    request = urllib.request.Request(url, json.dumps(event).encode(), headers)
    with urllib.request.urlopen(request, timeout=1) as answer:  # the page does not wait longer
        actions = [action for decision in json.load(answer)["decisions"] for action in decision.get("actions", [])]
    banner = next((action for action in actions if action["channel"] == "web"), None)
    print(f"show {banner['action']} {banner.get('parameters')}" if banner else "nothing to show")
except urllib.error.HTTPError as problem:
    print(f"no decision, the page goes without: {problem.read().decode()}")
except (OSError, ValueError, KeyError) as lost:
    print(f"no decision, the page goes without: {lost}")

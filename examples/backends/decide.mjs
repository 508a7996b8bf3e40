// Tells Kairos about an order and shows the banner that it decides on, if any.
const { KAIROS_URL: url = "http://127.0.0.1:8080", KAIROS_TOKEN: token } = process.env;
const event = {
  specversion: "1.0", id: "order-4712", source: "shop/gb", type: "order.placed", subject: "crm:17850", channel: "web",
  data: { order: "4712", total: { amount: "139.12", currency: "GBP" }, skus: ["85123A"] },
};
const headers = { "content-type": "application/cloudevents+json", ...(token && { authorization: `Bearer ${token}` }) };
try {
  const signal = AbortSignal.timeout(1000); // the page does not wait longer
  const answer = await fetch(`${url}/v1/markets/gb/events`, { method: "POST", headers, body: JSON.stringify(event), signal });
  const reply = await answer.json();
  if (!answer.ok) throw new Error(`${reply.title}: ${reply.detail}`);
  const banner = reply.decisions.flatMap((decision) => decision.actions ?? []).find((action) => action.channel === "web");
  console.log(banner ? `show ${banner.action} ${JSON.stringify(banner.parameters)}` : "nothing to show");
} catch (error) {
  console.log(`no decision, the page goes without: ${error.message}`);
}

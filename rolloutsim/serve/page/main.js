const tab = crypto.randomUUID();
const shown = document.getElementById("answer");
const start = await (await fetch("api/start")).json();
const events = new EventSource(`api/events?tab=${tab}`);
for (const name of ["invalid", "fields", "progress", "answer", "what_ifs", "failed", "cancelled"]) {
  events.addEventListener(name, (event) => {
    if (name === "answer") shown.textContent = JSON.parse(event.data).headline;
  });
}
await fetch("api/ask", {
  method: "POST",
  headers: { "content-type": "application/json" },
  body: JSON.stringify({ tab, ask: 1, yaml: start.yaml }),
});

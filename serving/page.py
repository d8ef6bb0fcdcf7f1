"""The page at ``/``: a member's slate as a storefront would show it, what is related, what is known of the member."""

import base64
import hashlib

STYLE = """
:root{color-scheme:light dark;--line:#8886;--soft:#8882;--accent:#0a6}
body{font:16px/1.5 system-ui,sans-serif;max-width:64rem;margin:2rem auto;padding:0 1rem}
h1{font-size:1.5rem;margin:0}h2{font-size:1.1rem;margin:1.5rem 0 .5rem}
nav a{margin-right:1rem}form{display:flex;flex-wrap:wrap;gap:.75rem;align-items:end;margin:1rem 0}
label{display:flex;flex-direction:column;font-size:.85rem}
input,select,button{font:inherit;padding:.35rem .6rem;border:1px solid var(--line);border-radius:.4rem}
button{cursor:pointer}#told{border-left:.25rem solid var(--accent);padding-left:.75rem;white-space:pre-line}
#told.wrong{border-color:#c33}
#slate{display:grid;grid-template-columns:repeat(auto-fill,minmax(14rem,1fr));gap:.75rem;padding:0;list-style:none}
#slate li{border:1px solid var(--line);border-radius:.6rem;padding:.75rem;display:flex;flex-direction:column;gap:.4rem}
#slate li.offer{background:var(--soft);border:2px dashed var(--accent)}
#slate strong{overflow-wrap:anywhere}small{opacity:.75}.why{flex:1;font-size:.9rem}
.acts{display:flex;flex-wrap:wrap;gap:.4rem}
.acts button{font-size:.85rem}.wide{overflow-x:auto}table{border-collapse:collapse;font-size:.9rem}
th,td{border-bottom:1px solid var(--line);padding:.2rem .8rem .2rem 0;text-align:left;vertical-align:top}
#considered td:nth-child(3){white-space:nowrap}
#considered td:nth-child(4),#considered td:nth-child(5){min-width:13rem;overflow-wrap:anywhere}
"""

BODY = """
<h1>Try a member</h1>
<nav><a href="/docs">API</a><a href="/health/ready">ready</a><a href="/metrics">metrics</a></nav>
<form id="ask">
<label>Key <input id="key" type="password" required autocomplete="off" placeholder="rk_..." size="24"></label>
<label>Member id <input id="member" required maxlength="128" autocomplete="off"></label>
<label>Placement <input id="placement" required maxlength="128" value="home" size="14"></label>
<label>Language <select id="language"><option>en</option><option>zh</option></select></label>
<label>Explain <input id="explain" type="checkbox" checked></label>
<button>Show</button>
</form>
<p id="told" role="status">The key stays in this page. An unknown member is shown what strangers see.</p>
<ol id="slate"></ol>
<section id="rest" hidden>
<h2>All that was considered</h2>
<p id="counted"></p>
<div class="wide"><table>
<thead><tr><th>place</th><th>what</th><th>id</th><th>name</th><th>why not</th><th>rule</th><th>section</th>
<th>worth</th><th>chance</th><th>score</th><th>levers</th><th>source</th></tr></thead>
<tbody id="considered"></tbody></table></div>
</section>
<section id="who" hidden>
<h2>The member</h2>
<table><thead><tr><th>what</th><th>value</th><th>meaning</th></tr></thead><tbody id="known"></tbody></table>
</section>
"""

SCRIPT = """
"use strict";
const at = id => document.getElementById(id);
const made = (tag, text, name) => {
  const one = document.createElement(tag);
  one.textContent = text;
  if (name) one.className = name;
  return one;
};
const tell = (text, wrong) => { at("told").textContent = text; at("told").className = wrong ? "wrong" : ""; };
const line = texts => {
  const row = document.createElement("tr");
  row.append(...texts.map(text => made("td", text)));
  return row;
};
const send = async (path, body) => {
  const answer = await fetch(path, {
    method: body ? "POST" : "GET",
    headers: {"content-type": "application/json", authorization: "Bearer " + at("key").value.trim()},
    body: body && JSON.stringify(body),
  });
  const told = await answer.json();
  if (!answer.ok) {
    throw new Error([told.detail, ...told.errors.map(one => one.pointer + " " + one.detail)].join("\\n"));
  }
  return told;
};
const eventId = () =>
  Array.from(crypto.getRandomValues(new Uint8Array(12)), byte => byte.toString(16).padStart(2, "0")).join("");
const did = async (decision, item, kind) => {
  const about = item.kind === "offer" ? {offer_id: item.id} : {product_id: item.id};
  const event = {event_id: eventId(), member_id: decision.member_id, kind, decision_id: decision.decision_id, ...about};
  await send("/v1/events", {events: [event]});
  await show("Noted: " + kind + " " + item.id + ". ");
};
const guarded = work => work().catch(error => tell(error.message, true));
const card = (decision, item) => {
  const one = made("li", "", item.kind);
  one.append(made("small", item.position + " \\u00b7 " + item.kind + " \\u00b7 " + item.source));
  one.append(made("strong", item.name || item.id));
  const gap = item.gap ? [item.gap.text] : [];
  one.append(made("span", [...item.reasons.map(reason => reason.text), ...gap].join("; "), "why"));
  const worth = item.value_minor === null
    ? "" : " \\u00b7 worth " + item.value_minor + " \\u00b1 " + item.value_sd_minor + " (minor units)";
  one.append(made("small", item.id + worth));
  const acts = made("div", "", "acts");
  const named = item.kind === "offer"
    ? [["taken", "click"], ["redeemed", "redemption"]] : [["viewed", "view"], ["put in basket", "cart"]];
  for (const [label, kind] of named) {
    const button = made("button", label);
    button.addEventListener("click", () => guarded(() => did(decision, item, kind)));
    acts.append(button);
  }
  for (const [label, relation] of item.kind === "offer" ? [] : [["similar", "similar"], ["goes with it", "together"]]) {
    const button = made("button", label);
    const path = "/v1/products/" + encodeURIComponent(item.id) + "/" + relation;
    button.addEventListener("click", () => guarded(() => fill(label + ": " + item.id + ". ", path, {})));
    acts.append(button);
  }
  one.append(acts);
  return one;
};
const show = async first => {
  await fill(first, "/v1/slates", {placement: at("placement").value});
  at("who").hidden = true;
  at("known").replaceChildren();
  await who().catch(() => {});  // a stranger, or a key that may not read members
};
const who = async () => {
  const member = await send("/v1/members/" + encodeURIComponent(at("member").value));
  const models = (await send("/openapi.json")).components.schemas;
  const columns = models.MemberAnswer.properties.profile.anyOf[0].properties || {};
  const said = value => new Date(1000 * value).toISOString().slice(0, 16).replace("T", " ") + " UTC";
  const rows = ["tier", "stage", "points"].map(name => [name, member[name], "what decisions go by"]);
  for (const [name, value] of Object.entries(member.profile || {}).filter(([name]) => columns[name])) {
    const [meaning, dated] = columns[name].description.split(" (epoch seconds)");
    rows.push([name, value !== null && dated === "" ? said(value) : value, meaning]);
  }
  at("known").replaceChildren(...rows.map(([name, value, meaning]) =>
    line([name.replaceAll("_", " "), value === null ? "not known" : value, meaning])));
  at("who").hidden = !member.personal;
};
const digits = value => Number(value.toPrecision(3));
const considered = one => line([
  one.position === null ? "" : one.position, one.kind, one.id, one.name,
  one.reason ? one.reason.text : "", one.removed_by || "", one.section || "",
  one.value_minor === null ? "" : one.value_minor + " \u00b1 " + one.value_sd_minor,
  one.logging_propensity === null ? "" : digits(one.logging_propensity),
  one.score === one.score_before ? digits(one.score) : digits(one.score_before) + " \u2192 " + digits(one.score),
  one.multipliers.map(lever => lever.rule + " \u00d7 " + lever.factor).join(", "), one.source,
]);
const explain = decision => {
  const all = decision.candidates || [];
  const removed = all.filter(one => one.removed_by).length;
  at("counted").textContent = all.length + " candidates: " + decision.items.length + " shown, " + removed
    + " removed by rules, " + (all.length - decision.items.length - removed) + " outdone. Worth in minor units.";
  at("considered").replaceChildren(...all.map(considered));
  at("rest").hidden = !all.length;
};
const saved = told => told
  ? " To " + told.offer_id + " the member is a " + told.response_class.replaceAll("_", " ")
    + (told.measured ? "" : " (assumed, not measured)") + "; against the deepest, "
    + told.deepest_offer_id + ", " + told.discount_avoided_minor + " of expected discount are saved, "
    + told.deadweight_avoided_minor + " of them on orders that come anyway (minor units)."
  : "";
const fill = async (first, path, more) => {
  const asked = {member_id: at("member").value, language: at("language").value, explain: at("explain").checked};
  const decision = await send(path, {...asked, ...more});
  at("slate").replaceChildren(...decision.items.map(item => card(decision, item)));
  explain(decision);
  const arm = decision.experiment ? decision.experiment.key + "/" + decision.experiment.arm : "none";
  tell((first || "") + "A " + decision.answer + " answer for " + decision.placement + ", " + decision.items.length
    + " shown. Offer: " + (decision.offer_choice || "not asked for") + ". Experiment: " + arm + "."
    + saved(decision.economics)
    + (decision.shortfall_reason ? " Fewer than wanted: " + decision.shortfall_reason + "." : "")
    + (decision.degraded.length ? " Degraded: " + decision.degraded.join(", ") + "." : "")
    + "\\nDecision " + decision.decision_id);
};
at("ask").addEventListener("submit", submitted => { submitted.preventDefault(); guarded(() => show("")); });
"""

PAGE = (
    '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>recsys</title>'
    '<meta name="viewport" content="width=device-width,initial-scale=1">'
    f"<style>{STYLE}</style></head><body>{BODY}<script>{SCRIPT}</script></body></html>"
)


def source_hash(text: str) -> str:
    """The source expression that allows an inline script or style in a Content-Security-Policy."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


HEADERS = {
    # Nothing runs or is loaded but what is written above: names of products come from the retailer's files.
    "Content-Security-Policy": (
        f"default-src 'none'; script-src {source_hash(SCRIPT)}; style-src {source_hash(STYLE)}; connect-src 'self'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "Referrer-Policy": "no-referrer",
}

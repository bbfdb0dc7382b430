// What a page cannot do without script: passkeys. And what it does better with it: single keys,
// drafts kept while typing, lists that follow the log. Every other action is a plain form.
"use strict";
(() => {
  const bytes = (text) =>
    Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (c) => c.charCodeAt(0));
  const text = (buffer) =>
    btoa(String.fromCharCode(...new Uint8Array(buffer)))
      .replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
  const ids = (list) => (list || []).map((key) => ({ ...key, id: bytes(key.id) }));

  async function post(path, body) {
    const response = await fetch(path, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
    if (!response.ok) throw new Error(`${path}: ${response.status}`);
    return response.status === 204 ? null : response.json();
  }

  async function answer(begin, wish) {
    const asked = await post(begin, wish);
    const key = await navigator.credentials.get({
      publicKey: {
        ...asked,
        challenge: bytes(asked.challenge),
        allowCredentials: ids(asked.allowCredentials),
      },
    });
    return {
      id: text(key.rawId),
      client_data: text(key.response.clientDataJSON),
      authenticator_data: text(key.response.authenticatorData),
      signature: text(key.response.signature),
    };
  }

  const assert = async (begin, finish) => post(finish, await answer(begin));

  // What is decided is what the authenticator signs; the form carries its answer.
  async function decide(form) {
    const { reason, _salt: salt } = form.elements;
    const wish = { reason: reason?.value || "", salt: salt.value };
    const signed = await answer(`${new URL(form.action).pathname}/begin`, wish);
    for (const [name, value] of Object.entries(signed)) form.elements[`_${name}`].value = value;
  }

  async function enrol(form) {
    const asked = JSON.parse(form.dataset.options);
    const key = await navigator.credentials.create({
      publicKey: {
        ...asked,
        challenge: bytes(asked.challenge),
        user: { ...asked.user, id: bytes(asked.user.id) },
      },
    });
    await post("/enrol/finish", {
      client_data: text(key.response.clientDataJSON),
      authenticator_data: text(key.response.getAuthenticatorData()),
      public_key: text(key.response.getPublicKey()),
      algorithm: key.response.getPublicKeyAlgorithm(),
    });
  }

  const ceremonies = {
    "sign-in": () => assert("/sign-in/begin", "/sign-in/finish"),
    enrol,
    prove: () => assert("/prove/begin", "/prove/finish"),
    decide,
  };

  document.addEventListener("submit", async (event) => {
    const form = event.target.closest("form[data-passkey]");
    if (!form || form.dataset.done) return;
    event.preventDefault();
    const problem = form.querySelector("[data-problem]") || document.querySelector("[data-problem]");
    const button = event.submitter || form.querySelector("button");
    button.disabled = true;
    problem.hidden = true;
    try {
      await ceremonies[form.dataset.passkey](form);
      if (["prove", "decide"].includes(form.dataset.passkey)) {
        form.dataset.done = "yes";
        form.submit();
      } else {
        location.assign(form.dataset.then || "/");
      }
    } catch {
      problem.textContent = problem.dataset.failed;
      problem.hidden = false;
      button.disabled = false;
    }
  });

  // Faults are read out first, and where there are some the page begins there; a draft begins with
  // its first field.
  const first = "form[data-autosave] .field :is(input, textarea, select)";
  (document.querySelector("[data-focus]") || document.querySelector(first))?.focus();

  // A draft is kept two seconds after the last key.
  for (const form of document.querySelectorAll("form[data-autosave]")) {
    let timer;
    form.addEventListener("input", () => {
      clearTimeout(timer);
      timer = setTimeout(async () => {
        const body = new URLSearchParams(new FormData(form));
        body.set("_do", "autosave");
        const kept = await fetch(form.action, { method: "POST", body }).catch(() => null);
        const said = form.querySelector(".saved");
        // Whoever is signed out meanwhile is shown another page, and nothing is kept.
        const saved = kept?.status === 204 ? "autosave" : "unsaved";
        if (said) said.textContent = form.dataset[saved];
      }, 2000);
    });
    form.addEventListener("submit", () => clearTimeout(timer));
  }

  // The verification of the log, as it goes.
  const bar = document.querySelector("[data-progress]");
  if (bar) {
    const source = new EventSource("/log/verify/progress");
    source.addEventListener("progress", (event) => { bar.value = Number(event.data); });
    source.addEventListener("end", () => { source.close(); location.reload(); });
    addEventListener("pagehide", () => source.close());
  }

  // Single keys, never while something is being filled in.
  const isField = (target) => target.closest("input, textarea, select, [contenteditable]");
  const search = (links) => {
    const field = document.querySelector("input[type=search]");
    const page = document.querySelector('header nav a[href="/search"]');
    if (!field && page) location.assign(page.href);
    else (field || links[0] || document.querySelector(".crumb a"))?.focus();
  };
  document.addEventListener("keydown", (event) => {
    if (!("keys" in document.body.dataset) || isField(event.target)) return;
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const links = [...document.querySelectorAll("table.rows th a")];
    const at = links.indexOf(document.activeElement);
    switch (event.key) {
      case "?":
        location.assign("/help");
        break;
      case "/":
        event.preventDefault();
        search(links);
        break;
      case "j":
        links[Math.min(at + 1, links.length - 1)]?.focus();
        break;
      case "k":
        links[Math.max(at - 1, 0)]?.focus();
        break;
      default:
        document.querySelector(`[data-key="${CSS.escape(event.key)}"]`)?.click();
    }
  });

  // The page follows the log: the server says that it grew, and the page looks what that is to it.
  if ("live" in document.body.dataset) {
    const said = document.getElementById("news");
    // What a page asks by itself keeps nobody signed in.
    const headers = { "Liaison-By-Itself": "1" };
    // Without the first column: how much time is left is no news.
    const rows = () => [...document.querySelectorAll("[data-refresh] table.rows tbody tr")]
      .map((row) => [...row.cells].slice(1).map((cell) => cell.textContent).join()).join();
    const refresh = async (part) => {
      if (part.contains(document.activeElement)) return;
      const before = rows();
      await htmx.ajax("GET", location.href, {
        target: `#${part.id}`, select: `#${part.id}`, swap: "outerHTML", headers,
      });
      if (said && rows() !== before) said.textContent = document.body.dataset.news;
    };
    // Whoever is signed out meanwhile is asked to sign in.
    document.addEventListener("htmx:before:response", (event) => {
      if (!event.detail.ctx.response.raw.redirected) return;
      event.preventDefault();
      location.reload();
    });
    // Reading is recorded, so only a person does it: the page says that there is more, and no more.
    const tell = async (part) => {
      const answer = await fetch(`${location.pathname}/latest`, { headers }).catch(() => null);
      if (answer?.redirected) return location.reload();
      if (!answer?.ok || (await answer.text()) === part.dataset.latest || !said) return;
      const link = document.createElement("a");
      link.href = location.href;
      link.textContent = document.body.dataset.news;
      said.replaceChildren(link);
    };
    const look = () => {
      const part = document.querySelector("[data-refresh]");
      if (part) return "latest" in part.dataset ? tell(part) : refresh(part);
    };
    let source;
    const listen = () => {
      source?.close();
      source = new EventSource("/live");
      source.addEventListener("news", look);
    };
    // Browsers have few connections to one site, so a page that nobody sees lets its own go.
    document.addEventListener("visibilitychange", () => {
      if (document.hidden) {
        source?.close();
      } else {
        listen();
        look();
      }
    });
    addEventListener("pagehide", () => source?.close());
    if (!document.hidden) listen();
  }
})();

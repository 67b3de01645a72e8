enum WebPageScript {
    /// Elements are made one by one and texts set as text: nothing a feed brings is ever read as markup. Addresses are
    /// links only if they are http(s).
    static let javaScript = """
        "use strict";
        const $ = id => document.getElementById(id);
        const facetNames = { source: "Source", language: "Language", section: "Section" };
        const facetFields = { source: "source:=", language: "lang:", section: "section:=" };
        const encoder = new TextEncoder(), decoder = new TextDecoder();
        const number = new Intl.NumberFormat("en");
        let next = null, asked = null, round = 0;

        function element(name, attributes, ...children) {
          const made = document.createElement(name);
          for (const [key, value] of Object.entries(attributes || {})) {
            if (key === "onclick") made.addEventListener("click", value); else made.setAttribute(key, value);
          }
          for (const child of children) if (child !== null) made.append(child);
          return made;
        }

        // Ranges count bytes of UTF-8.
        function marked(text, ranges) {
          const bytes = encoder.encode(text), out = document.createDocumentFragment();
          let end = 0;
          for (const [from, to] of ranges) {
            out.append(decoder.decode(bytes.subarray(end, from)));
            out.append(element("mark", {}, decoder.decode(bytes.subarray(from, to))));
            end = to;
          }
          out.append(decoder.decode(bytes.subarray(end)));
          return out;
        }

        function webAddress(text) {
          try {
            const address = new URL(text);
            return address.protocol === "https:" || address.protocol === "http:" ? address.href : null;
          } catch { return null; }
        }

        // No more than is known: an article of a day has no time.
        const shown = {
          year: { year: "numeric" },
          month: { year: "numeric", month: "short" },
          day: { dateStyle: "medium" },
        };

        function when(text, precision) {
          const date = new Date(text);
          if (isNaN(date)) return text;
          const form = shown[precision] || { dateStyle: "medium", timeStyle: "short" };
          return date.toLocaleString("en-GB", { ...form, timeZone: "UTC" }) + (form.timeStyle ? " UTC" : "");
        }

        async function get(path) {
          const token = sessionStorage.getItem("token");
          const response = await fetch(path, token ? { headers: { Authorization: "Bearer " + token } } : {});
          const body = await response.json();
          $("login").hidden = response.status !== 401;
          if (!response.ok) throw body.error || { message: response.statusText };
          return body;
        }

        function tell(error, query) {
          let text = error.message || String(error);
          if (error.hint) text += "; " + error.hint;
          if (query && error.offset !== undefined) {
            text = query.replaceAll("\\n", " ") + "\\n" + " ".repeat(error.offset) + "^ " + text;
          }
          $("message").textContent = text;
          $("message").hidden = false;
        }

        function narrow(clause) {
          const old = $("q").value.trim();
          const simple = !/\\bOR\\b/.test(old);
          $("q").value = old === "" ? clause : (simple ? old : "(" + old + ")") + " " + clause;
          ask(true);
        }

        function hitElement(hit) {
          const address = hit.url && webAddress(hit.url);
          const headline = hit.headline === null ? (hit.url || "(no headline)") : marked(hit.headline, hit.headline_highlights);
          const title = address
            ? element("a", { href: address, rel: "noopener noreferrer nofollow", referrerpolicy: "no-referrer" }, headline)
            : headline;
          const facts = element("p", { class: "facts quiet" });
          if (hit.source) facts.append(element("b", {}, hit.source), " · ");
          facts.append(hit.published
            ? element("time", { datetime: hit.published }, when(hit.published, hit.published_precision)) : "undated");
          const made = element("article", {}, element("h3", { dir: "auto" }, title), facts,
            element("p", { class: "snippet", dir: "auto" }, marked(hit.snippet, hit.highlights)));
          const button = element("button", { class: "open", type: "button", "aria-expanded": "false",
            onclick: () => toggle(made, button, hit.key) }, "Read the stored text");
          made.append(button);
          return made;
        }

        async function toggle(made, button, key) {
          const shown = made.querySelector(".text");
          if (shown) { shown.remove(); button.setAttribute("aria-expanded", "false"); return; }
          try {
            const article = await get("/v1/articles/" + key);
            const text = element("div", { class: "text", dir: "auto" });
            const by = article.by || (article.authors || []).join(", ");
            if (by) text.append(element("p", { class: "quiet" }, by));
            for (const part of [article.summary, article.body]) {
              for (const paragraph of (part || "").split(/\\n\\n+/)) {
                if (paragraph) text.append(element("p", {}, paragraph));
              }
            }
            for (const item of article.media || []) {
              if (item.caption) text.append(element("p", { class: "quiet" }, item.caption + (item.credit ? " / " + item.credit : "")));
            }
            made.append(text);
            button.setAttribute("aria-expanded", "true");
          } catch (error) { tell(error); }
        }

        function showFacets(facets, left) {
          $("facets").replaceChildren();
          for (const [field, values] of Object.entries(facets)) {
            if (values.length === 0 || (values.length === 1 && values[0].value === null)) continue;
            const list = element("ul", {});
            for (const { value, count } of values) {
              const name = element("span", {}, value === null ? "(none)" : value);
              const total = element("span", {}, number.format(count));
              list.append(element("li", {}, value === null
                ? element("div", { class: "value" }, name, total)
                : element("button", { class: "value", type: "button", title: "Only " + value, onclick: () => narrow(
                    facetFields[field] + '"' + value.replace(/[\\\\"]/g, " ") + '"') }, name, total)));
            }
            if (left[field]) list.append(element("li", {}, element("div", { class: "value" },
              element("span", {}, number.format(left[field].values) + " others"),
              element("span", {}, number.format(left[field].count)))));
            $("facets").append(element("section", {}, element("h2", {}, facetNames[field] || field), list));
          }
        }

        function showBars(histogram, undated, interval) {
          $("histogram-box").hidden = histogram.length === 0;
          $("bars").replaceChildren();
          const most = histogram.reduce((most, bucket) => Math.max(most, bucket.count), 1);
          for (const { start, count } of [...histogram].reverse()) {
            const day = start.slice(0, 10), label = interval === "month" ? day.slice(0, 7) : day;
            let clause = "published:" + label;
            if (interval === "week") {
              const last = new Date(day + "T00:00:00Z");
              last.setUTCDate(last.getUTCDate() + 6);
              clause = "published:" + day + ".." + last.toISOString().slice(0, 10);
            }
            const fill = element("i", {});
            fill.style.inlineSize = 100 * count / most + "%";
            $("bars").append(element("button", { class: "bar", type: "button", title: "Only " + label,
              onclick: () => narrow(clause) }, element("span", {}, label),
              element("span", { class: "track", "aria-hidden": "true" }, fill),
              element("span", {}, number.format(count))));
          }
          if (undated > 0) $("bars").append(element("p", { class: "quiet" }, number.format(undated) + " undated"));
        }

        function parameters() {
          const query = new URLSearchParams();
          query.set("q", $("q").value.trim());
          for (const name of ["sort", "match", "histogram"]) query.set(name, $(name).value);
          return query;
        }

        async function ask(isNew) {
          const mine = ++round;
          asked = parameters();
          if (isNew) history.pushState(null, "", "/?" + asked);
          const query = new URLSearchParams(asked);
          query.set("facet", "source,language,section");
          query.set("facet_limit", "10");
          $("message").hidden = true;
          try {
            const answer = await get("/v1/search?" + query);
            if (mine !== round) return;
            $("results").replaceChildren(...answer.hits.map(hitElement));
            showFacets(answer.facets, answer.facets_left || {});
            showBars(answer.histogram, answer.undated || 0, asked.get("histogram"));
            const count = answer.total.value;
            $("summary").textContent = (count === 0 ? "No article matches." : number.format(count)
              + (count === 1 ? " article" : " articles")) + " (" + answer.took_ms.toFixed(1) + " ms)";
            $("about").textContent = "snapshot " + number.format(answer.generation);
            document.title = (asked.get("q") ? asked.get("q") + " – " : "") + "Coranto";
            turn(answer.next);
          } catch (error) {
            if (mine === round) tell(error, asked.get("q"));
          }
        }

        function turn(cursor) {
          next = cursor;
          $("more").hidden = next === null;
        }

        async function more() {
          const mine = round, query = new URLSearchParams(asked);
          query.delete("histogram");
          query.set("after", next);
          $("more").disabled = true;
          try {
            const answer = await get("/v1/search?" + query);
            if (mine !== round) return;
            const added = answer.hits.map(hitElement);
            $("results").append(...added);
            turn(answer.next);
            const first = added[0] && added[0].querySelector("a, button");
            if (first) first.focus({ preventScroll: true });
          } catch (error) { tell(error); } finally { $("more").disabled = false; }
        }

        function restore() {
          const given = new URLSearchParams(location.search);
          $("q").value = given.get("q") || "";
          for (const name of ["sort", "match", "histogram"]) {
            const known = [...$(name).options].some(option => option.value === given.get(name));
            $(name).value = known ? given.get(name) : $(name).options[0].value;
          }
          if (!given.get("q") && !given.get("sort")) $("sort").value = "newest";
          ask(false);
        }

        $("form").addEventListener("submit", event => { event.preventDefault(); ask(true); });
        for (const name of ["sort", "match", "histogram"]) $(name).addEventListener("change", () => ask(true));
        $("more").addEventListener("click", more);
        $("login").addEventListener("submit", event => {
          event.preventDefault();
          sessionStorage.setItem("token", $("token").value);
          ask(false);
        });
        window.addEventListener("popstate", restore);
        restore();
        """
}

import ByteCoding
import Hummingbird

/// The page at "/": one document without outside resources. All text from the store is set as text, never as markup;
/// the policy lets nothing run but the one script, known by its hash.
enum WebPage {
    static let html = """
        <!doctype html>
        <html lang="en">
        <head>
        <meta charset="utf-8">
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <meta name="color-scheme" content="light dark">
        <meta name="referrer" content="no-referrer">
        <title>Coranto</title>
        <link rel="icon" href="data:,">
        <style>\(WebPageStyle.css)</style>
        </head>
        <body>
        <a class="skip" href="#results">Skip to the articles</a>
        <header>
        <h1><a href="/">Coranto</a></h1>
        <p id="about" class="quiet"></p>
        </header>
        <search>
        <form id="form" role="search" action="/" method="get">
        <div class="line">
        <label class="hidden" for="q">Search</label>
        <input id="q" name="q" type="search" autocomplete="off" spellcheck="false" autofocus
         placeholder="special role china  ·  &quot;exact words&quot;  ·  headline:talks  ·  published:2016-01">
        <button type="submit">Search</button>
        </div>
        <div class="line options">
        <label>Order <select id="sort" name="sort">
        <option value="score">best first</option>
        <option value="newest">newest first</option>
        <option value="oldest">oldest first</option>
        </select></label>
        <label>Words <select id="match" name="match">
        <option value="all">all of them</option>
        <option value="any">any of them</option>
        </select></label>
        <label>Dates by <select id="histogram" name="histogram">
        <option value="month">month</option>
        <option value="week">week</option>
        <option value="day">day</option>
        </select></label>
        </div>
        </form>
        </search>
        <p id="message" role="alert" hidden></p>
        <form id="login" hidden>
        <label>This gateway asks for a token <input id="token" type="password" autocomplete="off"></label>
        <button type="submit">Use it</button>
        </form>
        <p id="summary" class="quiet" role="status"></p>
        <div class="columns">
        <main id="results" tabindex="-1" aria-label="Articles"></main>
        <aside aria-label="What the articles have in common">
        <section id="histogram-box" hidden><h2>When</h2><div id="bars"></div></section>
        <div id="facets"></div>
        </aside>
        </div>
        <p class="more"><button id="more" type="button" hidden>More articles</button></p>
        <noscript><p>This page asks <code>/v1/search</code> by script; it can be asked directly, too.</p></noscript>
        <script>\(WebPageScript.javaScript)</script>
        </body>
        </html>
        """

    private static let policy =
        "default-src 'none'; connect-src 'self'; img-src data:; base-uri 'none'; form-action 'self'; "
        + "frame-ancestors 'none'; script-src 'sha256-\(Base64.string(SHA256.hash(of: Array(WebPageScript.javaScript.utf8)).bytes))'; "
        + "style-src 'sha256-\(Base64.string(SHA256.hash(of: Array(WebPageStyle.css.utf8)).bytes))'"

    private static let bytes = Array(html.utf8)

    static var response: Response {
        var headers = HTTPFields()
        headers[.contentSecurityPolicy] = policy
        return GatewayRoutes.response(bytes, type: "text/html; charset=utf-8", headers: headers)
    }
}

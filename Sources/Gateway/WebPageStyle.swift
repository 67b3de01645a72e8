enum WebPageStyle {
    static let css = """
        :root { --ink: #1d1a16; --quiet: #6b6358; --paper: #fbf9f4; --rule: #d9d2c4; --mark: #ffe9a8; --link: #7a2a1d;
          --bar: #b9553f; --field: #fff; }
        @media (prefers-color-scheme: dark) { :root { --ink: #e9e4da; --quiet: #a39a8b; --paper: #191714; --rule: #3a352d;
          --mark: #5c4a12; --link: #e59a86; --bar: #c96a52; --field: #23201b; } }
        * { box-sizing: border-box; }
        body { margin: 0 auto; max-width: 72rem; padding: 0 1.25rem 4rem; background: var(--paper); color: var(--ink);
          font: 1rem/1.5 system-ui, "Segoe UI", "Helvetica Neue", "DejaVu Sans", sans-serif; }
        h1, h2, h3 { font-family: "Iowan Old Style", "Palatino Linotype", Georgia, "DejaVu Serif", serif; margin: 0; }
        a { color: var(--link); text-underline-offset: .15em; }
        header { display: flex; flex-wrap: wrap; align-items: baseline; gap: 0 1rem; border-bottom: 3px double var(--rule);
          padding: 1.25rem 0 .5rem; margin-bottom: 1.25rem; }
        header h1 { font-size: 2.1rem; letter-spacing: .01em; }
        header h1 a { color: inherit; text-decoration: none; }
        header p { margin: 0; }
        .quiet { color: var(--quiet); font-size: .875rem; }
        .hidden, .skip:not(:focus) { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
        .line { display: flex; flex-wrap: wrap; gap: .5rem 1rem; }
        input[type=search], input[type=password], select, button { font: inherit; color: inherit; background: var(--field);
          border: 1px solid var(--rule); border-radius: .4rem; padding: .5rem .75rem; }
        input[type=search] { flex: 1 1 18rem; min-width: 0; font-size: 1.0625rem; }
        button { cursor: pointer; }
        button[type=submit] { background: var(--link); border-color: var(--link); color: var(--paper); font-weight: 600; }
        .options { margin-top: .6rem; font-size: .875rem; color: var(--quiet); }
        .options select { padding: .15rem .35rem; margin-left: .25rem; color: var(--ink); }
        :focus-visible { outline: 2px solid var(--bar); outline-offset: 2px; }
        #message { border-left: 4px solid var(--bar); padding: .5rem .9rem; background: var(--field); white-space: pre-wrap;
          font-family: ui-monospace, "DejaVu Sans Mono", monospace; font-size: .9rem; overflow-x: auto; }
        #summary { margin: 1rem 0 .25rem; min-height: 1.4em; }
        .columns { display: grid; grid-template-columns: minmax(0, 1fr) 15rem; gap: 0 3rem; }
        main:focus { outline: none; }
        article { padding: 1rem 0; border-top: 1px solid var(--rule); overflow-wrap: anywhere; }
        article:first-child { border-top: 0; }
        article h3 { font-size: 1.2rem; line-height: 1.3; font-weight: 600; }
        article h3 a { color: inherit; text-decoration: none; }
        article h3 a:hover { text-decoration: underline; }
        .facts { margin: .1rem 0 .3rem; }
        .facts b { color: var(--ink); font-weight: 600; }
        .snippet { margin: 0; max-width: 44rem; }
        mark { background: var(--mark); color: inherit; border-radius: .15rem; padding: 0 .1em; }
        .open { border: 0; background: none; padding: 0; color: var(--link); font-size: .875rem; text-decoration: underline;
          text-underline-offset: .15em; }
        .text { border-left: 2px solid var(--rule); padding-left: 1rem; margin-top: .75rem; max-width: 44rem; }
        .text p { margin: 0 0 .75rem; white-space: pre-line; font-family: "Iowan Old Style", Georgia, "DejaVu Serif", serif; }
        aside h2 { font-size: 1rem; margin: 1rem 0 .4rem; }
        aside section:first-child h2 { margin-top: 1rem; }
        aside ul { list-style: none; margin: 0; padding: 0; }
        .value, .bar { display: grid; grid-template-columns: minmax(0, 1fr) auto; gap: .75rem; width: 100%; border: 0;
          border-radius: .25rem; background: none; padding: .12rem .35rem; margin-left: -.35rem; font-size: .875rem;
          text-align: left; }
        .value:hover, .bar:hover { background: var(--field); }
        .value span:first-child { overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
        .value span:last-child, .bar span:last-child { color: var(--quiet); font-variant-numeric: tabular-nums; }
        .bar { grid-template-columns: 5.6rem 1fr auto; align-items: center; }
        .track { display: block; height: .6rem; }
        .track i { display: block; height: 100%; background: var(--bar); border-radius: .15rem; min-width: 2px; }
        #bars { max-height: 22rem; overflow-y: auto; padding-left: .35rem; }
        #facets ul { padding-left: .35rem; }
        .more { text-align: center; }
        @media (max-width: 48rem) { .columns { display: flex; flex-direction: column; }
          aside { order: -1; max-height: 30vh; overflow: auto; }
          aside section:first-child h2 { margin-top: .5rem; } #bars { max-height: 9rem; } }
        """
}

#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Put the page together: page.html with page.css and main.mjs in it, and all
modules that this imports, each in front of those that import it. A browser gets
one script, that the page's policy names by its hash. The same sources give the
same bytes.

usage: assemble.py DIRECTORY OUT.c OUT.html
"""
import base64
import gzip
import hashlib
import pathlib
import re
import sys

IMPORT = re.compile(r"^import (\{[^}]*\}) from '\./([a-z]+)\.mjs';\n", re.M)
EXPORT = re.compile(r"^export (?:async )?(?:function|class) (\w+)", re.M)
POLICY = ("default-src 'none'; script-src '{script}'; style-src '{style}'; "
          "connect-src 'self'; img-src data:; base-uri 'none'; "
          "form-action 'none'; frame-ancestors 'none'")
BYTES_A_LINE = 16


def wrap(noun, text):
    """A module as one value, of what it exports."""
    names = ", ".join(EXPORT.findall(text))
    text = IMPORT.sub(r"const \1 = $\2;\n", text)
    text = re.sub(r"^export ", "", text, flags=re.M)
    if re.search(r"^(import|export)\b|</script|<!--", text, re.M | re.I):
        sys.exit(f"{noun}.mjs has what can't stand in a page's script")
    return f"const ${noun} = (() => {{\n{text}return {{{names}}};\n}})();\n"


def visit(directory, noun, done, under_way):
    """Add a module to done, behind those that it imports."""
    if noun in done:
        return
    if noun in under_way:
        sys.exit(f"{noun}.mjs imports itself, by way of others")
    text = (directory / f"{noun}.mjs").read_text(encoding="utf-8")
    for _, other in IMPORT.findall(text):
        visit(directory, other, done, under_way | {noun})
    done[noun] = wrap(noun, text)


def join(directory):
    """One script of all modules, without what is there for whoever reads the
    source."""
    modules = {}
    visit(directory, "main", modules, frozenset())
    return re.sub(r"^ *//.*\n|^ +|^\n", "", "".join(modules.values()),
                  flags=re.M)


def shrink(style):
    """Without comments, and without white space where it says nothing."""
    style = re.sub(r"/\*.*?\*/", "", style, flags=re.S)
    return re.sub(r"\s*([{};])\s*", r"\1", style).replace(";}", "}")


def sha256(text):
    digest = hashlib.sha256(text.encode()).digest()
    return "sha256-" + base64.b64encode(digest).decode()


def array(name, data):
    lines = [f"static const unsigned char {name}[] = {{"]
    for i in range(0, len(data), BYTES_A_LINE):
        lines.append(",".join(map(str, data[i:i + BYTES_A_LINE])) + ",")
    return "\n".join(lines) + "\n};\n"


def main(directory, source_path, html_path):
    directory = pathlib.Path(directory)
    style = shrink((directory / "page.css").read_text(encoding="utf-8"))
    script = join(directory)
    template = (directory / "page.html").read_text(encoding="utf-8")
    html = re.sub(r"^ +", "", template, flags=re.M)
    html = html.replace("@STYLE@", style).replace("@SCRIPT@", script)
    policy = POLICY.format(script=sha256(script), style=sha256(style))
    data = html.encode()
    tag = hashlib.sha256(data).hexdigest()[:16]
    pathlib.Path(html_path).write_bytes(data)
    pathlib.Path(source_path).write_text(
        '#include "page.h"\n'
        + array("html", data)
        + array("packed", gzip.compress(data, 9, mtime=0))
        + "const struct page page = {html, sizeof(html), packed, "
        f'sizeof(packed), "\\"{tag}\\"", "{policy}"}};\n', encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])

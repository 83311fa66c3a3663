//! A page taken apart: whether each of its elements ends where it should, what it loads, and what it says.

use std::collections::BTreeSet;

/// Elements without an end (<https://html.spec.whatwg.org/multipage/syntax.html#void-elements>), of those that are written here.
const VOID: [&str; 4] = ["meta", "link", "input", "br"];
/// Elements whose text is no markup.
const RAW: [&str; 2] = ["style", "script"];
/// Attributes by which something is loaded, or gone to.
const LOADS: [&str; 12] = [
    "src",
    "srcset",
    "href",
    "xlink:href",
    "action",
    "formaction",
    "poster",
    "data",
    "background",
    "cite",
    "ping",
    "manifest",
];

/// What a page is made of.
#[derive(Default)]
pub(super) struct Markup {
    /// What is wrong with it.
    pub(super) amiss: Vec<String>,
    /// What it says, word by word.
    pub(super) words: Vec<String>,
    /// Its elements, in order.
    pub(super) elements: Vec<String>,
    ids: BTreeSet<String>,
    links: Vec<String>,
    open: Vec<String>,
}

impl Markup {
    pub(super) fn of(page: &str) -> Self {
        let mut markup = Self::default();
        let mut rest = page.strip_prefix("<!DOCTYPE html>").unwrap_or_else(|| {
            markup.amiss.push("it does not begin as a page".into());
            page
        });
        while let Some(at) = rest.find('<') {
            markup.says(&rest[..at]);
            rest = markup.tag(&rest[at..]);
        }
        markup.says(rest);
        for link in &markup.links {
            if !markup.ids.contains(link) {
                markup.amiss.push(format!("#{link} leads nowhere"));
            }
        }
        markup.amiss.extend(markup.open.iter().map(|name| format!("<{name}> has no end")));
        markup
    }

    fn says(&mut self, text: &str) {
        if text.contains('>') {
            self.amiss.push(format!("a stray `>` in {text:.80?}"));
        }
        let text = unescaped(text, &mut self.amiss);
        self.words.extend(text.split_whitespace().map(|word| word.trim_end_matches(',').to_owned()));
    }

    /// Reads a tag, and what is raw behind it.
    fn tag<'a>(&mut self, text: &'a str) -> &'a str {
        if let Some(end) = text.strip_prefix("</") {
            let (name, rest) = end.split_once('>').unwrap_or((end, ""));
            match self.open.pop() {
                Some(open) if open == name => {}
                open => self.amiss.push(format!("</{name}> ends {open:?}")),
            }
            return rest;
        }
        let name: String = text[1..].chars().take_while(|c| c.is_ascii_alphanumeric()).collect();
        if name.is_empty() {
            self.amiss.push(format!("no tag: {text:.80?}"));
            return &text[1..];
        }
        let mut rest = &text[1 + name.len()..];
        self.elements.push(name.clone());
        while !rest.starts_with('>') && !rest.starts_with("/>") {
            let Some(after) = self.attribute(&name, rest) else {
                self.amiss.push(format!("<{name}> has an attribute without quotes: {rest:.80?}"));
                return "";
            };
            rest = after;
        }
        // An element of a picture may end where it begins.
        if let Some(rest) = rest.strip_prefix("/>") {
            return rest;
        }
        rest = &rest[1..];
        if RAW.contains(&name.as_str()) {
            let end = rest.find(&format!("</{name}>")).unwrap_or(rest.len());
            rest = &rest[end..];
        }
        if !VOID.contains(&name.as_str()) {
            self.open.push(name);
        }
        rest
    }

    fn attribute<'a>(&mut self, element: &str, text: &'a str) -> Option<&'a str> {
        let text = text.strip_prefix(' ')?;
        let end = text.find(['=', ' ', '>'])?;
        let (name, rest) = text.split_at(end);
        let is_name = |c: char| c.is_ascii_alphanumeric() || "-:".contains(c);
        if name.is_empty() || !name.chars().all(is_name) {
            return None;
        }
        let Some(quoted) = rest.strip_prefix("=\"") else { return (!rest.starts_with('=')).then_some(rest) };
        let (value, rest) = quoted.split_once('"')?;
        let value = unescaped(value, &mut self.amiss);
        if LOADS.contains(&name) {
            match value.strip_prefix('#') {
                Some(id) => self.links.push(id.to_owned()),
                None if element == "link" && value == "data:," => {}
                None => self.amiss.push(format!("<{element}> loads {value:?}")),
            }
        }
        if name.starts_with("on") || name == "style" || value.contains("url(") {
            self.amiss.push(format!("<{element}> has {name}={value:?}"));
        }
        if name == "id" && !self.ids.insert(value.clone()) {
            self.amiss.push(format!("two are called {value}"));
        }
        Some(rest)
    }

    /// Whether all words of a line stand in it, one after the other.
    pub(super) fn says_line(&self, line: &str) -> bool {
        let words: Vec<&str> = line.split_whitespace().map(|word| word.trim_end_matches(',')).collect();
        words.is_empty() || self.words.windows(words.len()).any(|window| window == words)
    }
}

/// A text whose characters are written out.
fn unescaped(text: &str, amiss: &mut Vec<String>) -> String {
    let mut plain = String::new();
    let mut rest = text;
    while let Some(at) = rest.find('&') {
        plain.push_str(&rest[..at]);
        let known = [("&amp;", '&'), ("&lt;", '<'), ("&gt;", '>'), ("&quot;", '"'), ("&#39;", '\'')];
        let Some((name, c)) = known.into_iter().find(|(name, _)| rest[at..].starts_with(name)) else {
            amiss.push(format!("a stray `&` in {text:.80?}"));
            return plain;
        };
        plain.push(c);
        rest = &rest[at + name.len()..];
    }
    plain + rest
}

#[test]
fn what_is_wrong_with_a_page_is_noticed() {
    let amiss = |body: &str| Markup::of(&format!("<!DOCTYPE html>{body}")).amiss;
    assert_eq!(
        amiss("<p id=\"a\">a &amp; b <a href=\"#a\">c</a></p><link href=\"data:,\"><details open></details>"),
        [""; 0]
    );
    for wrong in [
        "<p>",
        "<p></b>",
        "<p>a & b</p>",
        "a > b",
        "<p class=a></p>",
        "<p onclick=\"x\"></p>",
        "<p style=\"x\"></p>",
        "<img src=\"a.png\"></img>",
        "<a href=\"https://example.com\"></a>",
        "<a href=\"#b\"></a>",
        "<p id=\"a\"></p><p id=\"a\"></p>",
        "a < b",
    ] {
        assert!(!amiss(wrong).is_empty(), "{wrong}");
    }
    let page = Markup::of("<!DOCTYPE html><p><b>one</b> two, three</p><script>four</script>");
    assert!(page.says_line("one two three") && !page.says_line("one three") && !page.says_line("four"));
}

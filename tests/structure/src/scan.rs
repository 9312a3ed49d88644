//! One file, token by token.

use proc_macro2::{Delimiter, Group, TokenStream, TokenTree};

use crate::module::{Module, ModulePath};

/// The modules in a file: its own, whose path is empty, and those that are written in it.
pub(crate) fn file(text: &str) -> Result<Vec<(ModulePath, Module)>, String> {
    // A byte order mark or a first line for a shell is no token.
    let tokens: TokenStream = text.parse().map_err(|error| format!("{error}"))?;
    let mut found = Vec::new();
    module(Vec::new(), tokens, &mut found);
    Ok(found)
}

fn module(path: ModulePath, tokens: TokenStream, found: &mut Vec<(ModulePath, Module)>) {
    let mut scanner = Scanner { module: Module::default(), inner: Vec::new() };
    scanner.scan(tokens);
    for (name, tokens) in std::mem::take(&mut scanner.inner) {
        let inner = path.iter().cloned().chain([name]).collect();
        module(inner, tokens, found);
    }
    found.push((path, scanner.module));
}

struct Scanner {
    module: Module,
    inner: Vec<(String, TokenStream)>,
}

/// What gives a name to something.
const DEFINING: [&str; 9] =
    ["fn", "struct", "enum", "trait", "type", "const", "static", "union", "macro_rules"];

impl Scanner {
    fn scan(&mut self, tokens: TokenStream) {
        let tokens: Vec<TokenTree> = tokens.into_iter().collect();
        let mut at = 0;
        while at < tokens.len() {
            at = self.step(&tokens, at);
        }
    }

    /// Reads what begins here, and says where the next begins.
    fn step(&mut self, tokens: &[TokenTree], at: usize) -> usize {
        if let Some((attribute, next)) = attribute(tokens, at) {
            return if is_for_tests(&attribute) { end_of_item(tokens, next) } else { next };
        }
        match &tokens[at] {
            TokenTree::Group(group) => {
                self.scan(group.stream());
                at + 1
            }
            // `$crate` in a macro is the crate of whoever reads the macro's text, not a path of this module.
            TokenTree::Punct(punct) if punct.as_char() == '$' => at + 2,
            TokenTree::Ident(word) => self.word(&word.to_string(), tokens, at),
            _ => at + 1,
        }
    }

    fn word(&mut self, word: &str, tokens: &[TokenTree], at: usize) -> usize {
        let name = || tokens.get(at + 1 + usize::from(word == "macro_rules")).and_then(ident);
        match word {
            "use" => self.imports(tokens, at + 1),
            "mod" => match (name(), tokens.get(at + 2)) {
                (Some(name), Some(TokenTree::Group(body))) => {
                    self.module.children.insert(name.clone());
                    self.inner.push((name, body.stream()));
                    at + 3
                }
                (Some(name), _) => {
                    self.module.children.insert(name);
                    at + 2
                }
                _ => at + 1,
            },
            _ if DEFINING.contains(&word) => {
                self.module.items.extend(name());
                at + 1
            }
            _ => {
                let (path, next) = path(tokens, at);
                self.module.paths.insert(path);
                next
            }
        }
    }

    fn imports(&mut self, tokens: &[TokenTree], at: usize) -> usize {
        let length = tokens[at..].iter().take_while(|token| !is_punct(token, ';')).count();
        self.tree(&[], &tokens[at..at + length]);
        at + length + 1
    }

    /// One tree of a `use`, or several with commas between them.
    fn tree(&mut self, before: &[String], tokens: &[TokenTree]) {
        for tree in tokens.split(|token| is_punct(token, ',')) {
            self.one_tree(before, tree);
        }
    }

    fn one_tree(&mut self, before: &[String], tokens: &[TokenTree]) {
        let mut path = before.to_vec();
        let mut renamed = None;
        let mut rest = tokens.iter();
        while let Some(token) = rest.next() {
            match token {
                TokenTree::Ident(word) if word == "as" => renamed = rest.next().and_then(ident),
                TokenTree::Ident(word) => path.push(word.to_string()),
                TokenTree::Group(group) => {
                    let inner: Vec<_> = group.stream().into_iter().collect();
                    return self.tree(&path, &inner);
                }
                TokenTree::Punct(punct) if punct.as_char() == '*' => {
                    self.module.paths.insert(path.clone());
                    return self.module.globs.push(path);
                }
                _ => {}
            }
        }
        if path.len() > 1 && path.last().is_some_and(|last| last == "self") {
            path.pop();
        }
        let Some(name) = renamed.or_else(|| path.last().cloned()) else { return };
        self.module.paths.insert(path.clone());
        self.module.aliases.insert(name, path);
    }
}

/// A path from here on: names with colons between them.
fn path(tokens: &[TokenTree], mut at: usize) -> (Vec<String>, usize) {
    let mut path = Vec::new();
    while let Some(name) = tokens.get(at).and_then(ident) {
        path.push(name);
        at += 1;
        let colons = [tokens.get(at), tokens.get(at + 1)];
        if !colons.iter().all(|token| token.is_some_and(|token| is_punct(token, ':'))) {
            break;
        }
        at += 2;
    }
    (path, at)
}

/// The attribute that begins here, and what comes after it.
fn attribute(tokens: &[TokenTree], at: usize) -> Option<(Group, usize)> {
    if !is_punct(tokens.get(at)?, '#') {
        return None;
    }
    let inner = usize::from(is_punct(tokens.get(at + 1)?, '!'));
    match tokens.get(at + 1 + inner)? {
        TokenTree::Group(group) if group.delimiter() == Delimiter::Bracket => {
            Some((group.clone(), at + 2 + inner))
        }
        _ => None,
    }
}

fn is_for_tests(attribute: &Group) -> bool {
    let text: String = attribute.stream().to_string().split_whitespace().collect();
    text == "cfg(test)" || text == "test" || text.starts_with("cfg(all(test,")
}

/// Behind the item that begins here: a body in braces, or a semicolon.
fn end_of_item(tokens: &[TokenTree], mut at: usize) -> usize {
    while let Some(token) = tokens.get(at) {
        at += 1;
        match token {
            TokenTree::Punct(punct) if punct.as_char() == ';' => break,
            TokenTree::Group(group) if group.delimiter() == Delimiter::Brace => {
                // `use a::{b, c};` has a semicolon behind its braces.
                return at + usize::from(tokens.get(at).is_some_and(|token| is_punct(token, ';')));
            }
            _ => {}
        }
    }
    at
}

fn ident(token: &TokenTree) -> Option<String> {
    match token {
        TokenTree::Ident(word) => Some(word.to_string()),
        _ => None,
    }
}

fn is_punct(token: &TokenTree, mark: char) -> bool {
    matches!(token, TokenTree::Punct(punct) if punct.as_char() == mark)
}

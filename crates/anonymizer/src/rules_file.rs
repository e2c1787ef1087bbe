//! Rule files: TOML in the format of gitleaks, for the built-in rules and for a user's own.
//!
//! Fields that gitleaks knows and that mean nothing for a text without a repository (`path`, `commits`, `tags`) are
//! accepted and ignored, as are tables such as `[extend]`. Beyond gitleaks' own, a rule may say `kind`, `check` (a
//! checksum), `blanks`, `before` and `after` (how many bytes around a keyword are searched), `examples` and `nearMisses`.

use crate::rule::{Kind, Origin, Rule};
use serde::Deserialize;
use toml::Spanned;

/// Why rules were refused. The text is one line of ASCII.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuleError {
    line: usize,
    id: Option<String>,
    message: String,
}

impl RuleError {
    pub(crate) fn new(line: usize, id: Option<&str>, message: impl std::fmt::Display) -> RuleError {
        RuleError {
            line,
            id: id.map(plain),
            message: plain(&message.to_string()),
        }
    }

    /// The line of the file, from 1.
    pub fn line(&self) -> usize {
        self.line
    }
}

impl std::fmt::Display for RuleError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.id {
            Some(id) => write!(f, "line {}: rule {}: {}", self.line, id, self.message),
            None => write!(f, "line {}: {}", self.line, self.message),
        }
    }
}

impl std::error::Error for RuleError {}

/// One line of at most 200 ASCII characters.
fn plain(text: &str) -> String {
    let mut line = String::new();
    for word in text.split_whitespace() {
        if !line.is_empty() {
            line.push(' ');
        }
        line.extend(
            word.chars()
                .map(|c| if c.is_ascii_graphic() { c } else { '?' }),
        );
        if line.len() > 200 {
            line.truncate(197);
            line.push_str("...");
            break;
        }
    }
    line
}

/// A rule as its file has it.
#[derive(Debug, Clone)]
pub(crate) struct Definition {
    pub rule: Rule,
    pub line: usize,
    pub regex: String,
    pub keywords: Vec<String>,
    pub entropy: f64,
    pub secret_group: usize,
    pub before: Option<usize>,
    pub after: Option<usize>,
    pub check: Option<String>,
    /// Whether a value that is blanked out, as in `ACxxxxxxxx`, is found all the same.
    pub blanks: bool,
    pub stopwords: Vec<String>,
    pub allowlists: Vec<AllowlistDefinition>,
    pub examples: Vec<String>,
}

/// What a rule, or every rule of a file, must leave alone.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct AllowlistDefinition {
    pub condition: Option<String>,
    pub regex_target: Option<String>,
    pub regexes: Vec<String>,
    pub stopwords: Vec<String>,
    pub paths: Vec<String>,
    pub commits: Vec<String>,
    pub target_rules: Vec<String>,
}

#[derive(Deserialize)]
struct File {
    #[serde(default)]
    rules: Vec<Spanned<Entry>>,
    #[serde(default)]
    allowlist: Option<AllowlistDefinition>,
    #[serde(default)]
    allowlists: Vec<AllowlistDefinition>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Entry {
    #[serde(default)]
    id: String,
    regex: Option<Spanned<String>>,
    #[serde(default)]
    keywords: Vec<String>,
    #[serde(default)]
    entropy: f64,
    #[serde(default)]
    secret_group: usize,
    before: Option<usize>,
    after: Option<usize>,
    kind: Option<String>,
    check: Option<String>,
    #[serde(default)]
    blanks: bool,
    #[serde(default)]
    stopwords: Vec<String>,
    allowlist: Option<AllowlistDefinition>,
    #[serde(default)]
    allowlists: Vec<AllowlistDefinition>,
    #[serde(default)]
    examples: Vec<String>,
}

/// Reads a file. Regexes are not compiled here.
pub(crate) fn read(text: &str, family: &str, origin: Origin) -> Result<Vec<Definition>, RuleError> {
    let line_at = |offset: usize| {
        1 + text.as_bytes()[..offset.min(text.len())]
            .iter()
            .filter(|&&b| b == b'\n')
            .count()
    };
    let file: File = toml::from_str(text).map_err(|error| {
        let line = error.span().map_or(1, |span| line_at(span.start));
        RuleError::new(line, None, error.message())
    })?;
    let mut global = file.allowlists;
    global.extend(file.allowlist);
    let mut definitions: Vec<Definition> = Vec::with_capacity(file.rules.len());
    for entry in file.rules {
        let line = line_at(entry.span().start);
        let entry = entry.into_inner();
        let id = entry.id.as_str();
        if id.is_empty() {
            return Err(RuleError::new(line, None, "a rule without an id"));
        }
        if definitions.iter().any(|known| &*known.rule.id == id) {
            return Err(RuleError::new(line, Some(id), "the id is used twice"));
        }
        // gitleaks has rules that look at paths only; there is nothing for them in a text
        let Some(regex) = entry.regex else { continue };
        let kind = match &entry.kind {
            None => Kind::Secret,
            Some(name) => Kind::from_name(name)
                .ok_or_else(|| RuleError::new(line, Some(id), "unknown kind"))?,
        };
        if !entry.entropy.is_finite() {
            return Err(RuleError::new(
                line,
                Some(id),
                "the entropy is not a number",
            ));
        }
        let mut allowlists = entry.allowlists;
        allowlists.extend(entry.allowlist);
        allowlists.extend(
            global
                .iter()
                .filter(|list| {
                    list.target_rules.is_empty()
                        || list.target_rules.iter().any(|target| target == id)
                })
                .cloned(),
        );
        definitions.push(Definition {
            rule: Rule {
                id: id.into(),
                family: family.into(),
                kind,
                origin,
            },
            line: line_at(regex.span().start),
            regex: regex.into_inner(),
            keywords: entry.keywords,
            entropy: entry.entropy,
            secret_group: entry.secret_group,
            before: entry.before,
            after: entry.after,
            check: entry.check,
            blanks: entry.blanks,
            stopwords: entry.stopwords,
            allowlists,
            examples: entry.examples,
        });
    }
    Ok(definitions)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(text: &str) -> String {
        read(text, "user", Origin::User).unwrap_err().to_string()
    }

    #[test]
    fn errors_name_line_and_rule_in_one_line_of_ascii() {
        assert_eq!(
            refused("[[rules]]\nregex = 'a'"),
            "line 1: a rule without an id"
        );
        assert_eq!(
            refused("\n[[rules]]\nid = 'a'\nregex = 'a'\n[[rules]]\nid = 'a'\nregex = 'b'"),
            "line 5: rule a: the id is used twice"
        );
        assert!(refused("title = 'ü'\nx = ").starts_with("line 2: "));
        for text in [
            "rules = 3",
            "[[rules]]\nid = 'ä\nö'\n",
            "[[rules]]\nid = \"\\u00e4\\n\"\nregex='a'\nkind='\u{fc}'",
        ] {
            let message = refused(text);
            assert!(message.is_ascii() && !message.contains('\n'), "{message}");
        }
    }

    #[test]
    fn a_file_of_gitleaks_is_read_with_its_other_fields_ignored() {
        let text = "title = 't'\n[extend]\nuseDefault = true\n[allowlist]\npaths = ['x']\nregexes = ['^EXAMPLE']\n[[rules]]\nid = 'a'\ndescription = 'd'\nregex = 'a(b)'\nsecretGroup = 1\nentropy = 3\ntags = ['x']\nkeywords = ['a']\n[[rules.allowlists]]\nregexTarget = 'line'\nstopwords = ['s']\n[[rules]]\nid = 'path-only'\npath = 'x'\n";
        let rules = read(text, "user", Origin::User).unwrap();
        assert_eq!(rules.len(), 1);
        assert_eq!(rules[0].allowlists.len(), 2);
        assert_eq!(rules[0].entropy, 3.0);
        assert_eq!(rules[0].line, 10);
    }
}

//! How a page of results looks: aligned for a terminal, or as GitHub's Markdown.

use crate::tables;

/// How a page looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Look {
    /// Aligned columns, with styles.
    Text,
    /// Headings, tables and lists in Markdown.
    Markdown,
}

impl Look {
    /// The look that a flag asks for.
    pub(crate) fn new(markdown: bool) -> Self {
        if markdown { Self::Markdown } else { Self::Text }
    }

    /// A heading, one line.
    pub(crate) fn heading(self, level: usize, line: String) -> String {
        match self {
            Self::Text => line,
            Self::Markdown => "#".repeat(level) + " " + &line,
        }
    }

    /// A table, its first column to the left and the others to the right.
    pub(crate) fn table(self, header: &[String], rows: impl Iterator<Item = Vec<String>>) -> String {
        if self == Self::Text {
            return tables::table(header, rows);
        }
        let line = |cells: &[String]| {
            let cells: Vec<String> = cells.iter().map(|cell| cell.replace('|', "\\|")).collect();
            format!("| {} |\n", cells.join(" | "))
        };
        let rule: String = (1..header.len()).map(|_| "--:|").collect();
        line(header) + "|---|" + &rule + "\n" + &rows.map(|row| line(&row)).collect::<String>()
    }

    /// Names and values.
    pub(crate) fn facts(self, rows: &[[String; 2]]) -> String {
        match self {
            Self::Text => tables::facts(rows),
            Self::Markdown => rows.iter().map(|[name, value]| format!("- {name}: {value}\n")).collect(),
        }
    }

    /// Sentences, one a line.
    pub(crate) fn notes(self, lines: &str) -> String {
        match self {
            Self::Text => lines.to_owned(),
            Self::Markdown => lines.lines().map(|line| format!("- {line}\n")).collect(),
        }
    }

    /// Between a table and a sentence on it.
    pub(crate) fn gap(self) -> &'static str {
        match self {
            Self::Text => "",
            Self::Markdown => "\n",
        }
    }

    /// The finished page.
    pub(crate) fn page(self, text: String) -> String {
        match self {
            Self::Text => text,
            Self::Markdown => anstream::adapter::strip_str(&text).to_string(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_github_table_has_a_rule_and_no_stray_bars() {
        let header = ["agent", "score"].map(ToOwned::to_owned);
        let rows = [["a|b".to_owned(), "1".to_owned()].to_vec()];
        let table = Look::Markdown.table(&header, rows.into_iter());
        assert_eq!(table, "| agent | score |\n|---|--:|\n| a\\|b | 1 |\n");
        assert_eq!(Look::Markdown.notes("one\ntwo\n"), "- one\n- two\n");
        assert_eq!(Look::Markdown.page("\u{1b}[1mbold\u{1b}[0m".into()), "bold");
    }
}

//! A letter as plain text.

use super::{Block, Letter};

impl Letter {
    /// As plain text, with the links of the HTML. Each line of words of others begins with `> `.
    pub fn text(&self) -> String {
        let mut text = format!("{}\n", self.headline);
        self.marks.iter().for_each(|mark| text.push_str(&format!("\n** {mark} **\n")));
        for block in &self.blocks {
            text.push('\n');
            text.push_str(&self.block(block));
        }
        text.push_str("\n-- \n");
        self.footer.iter().for_each(|line| text.push_str(&format!("{line}\n")));
        text
    }

    fn block(&self, block: &Block) -> String {
        match block {
            Block::Score { text, scale, .. } => format!("{text}\n({scale})\n"),
            Block::Words(words) => quoted(words),
            Block::Answer(question, words) => format!("{question}\n{}", quoted(words)),
            Block::Heading(line) | Block::Text(line) | Block::Soft(line) => format!("{line}\n"),
            Block::Rows(rows) => {
                let row = |(name, value): &(&str, String)| {
                    self.language.fill(self.language.texts().row, &[("name", name), ("value", value)]) + "\n"
                };
                rows.iter().map(row).collect()
            }
            Block::Notice { text, then, .. } => format!("{text}\n{then}\n"),
            Block::Buttons(buttons) => {
                let links: Vec<_> =
                    buttons.iter().map(|button| format!("{}\n{}\n", button.label, button.href)).collect();
                links.join("\n")
            }
        }
    }
}

fn quoted(words: &str) -> String {
    words.lines().map(|line| format!("> {line}\n")).collect()
}

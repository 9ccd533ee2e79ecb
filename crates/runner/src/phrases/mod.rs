//! What pages say in two languages: a phrase that lacks one does not compile. The words stand in tables, side by side:
//! [`desk`] for
//! `plan`, `recommend` and `explain`, [`judging`] for `evaluate` and `compare`, [`deeplink`] for the account of the shoppers, [`futures`] for `what-if`, `branch` and
//! `run-off`, [`calibrate`] and [`init`] for those, [`help`] for the help of all of them, `report::phrases` for the report.

pub(crate) mod calibrate;
pub(crate) mod deeplink;
pub(crate) mod desk;
pub(crate) mod futures;
pub(crate) mod help;
pub(crate) mod init;
pub(crate) mod judging;

use clap::ValueEnum;
use serde::{Deserialize, Serialize};

/// Language of tables and pages.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Language {
    /// English
    #[default]
    En,
    /// Simplified Chinese (简体中文)
    Zh,
}

impl Language {
    /// As HTML names it.
    pub(crate) fn tag(self) -> &'static str {
        match self {
            Self::En => "en",
            Self::Zh => "zh-Hans",
        }
    }

    /// A word that results bring with them; a name from a file is left as it is.
    pub(crate) fn term(self, word: &str) -> String {
        let known = TERMS.iter().find(|(english, _)| *english == word);
        match (self, known) {
            (Self::Zh, Some((_, chinese))) => (*chinese).to_owned(),
            (Self::Zh, None) => word.to_owned(),
            (Self::En, _) => word.replace('_', " "),
        }
    }
}

/// Makes `Phrases` of lines `name: "english", "chinese";` in which `{0}` and on stand for what is filled in.
macro_rules! phrases {
    ($($name:ident: $en:literal, $zh:literal;)*) => {
        /// What is said, in one language.
        pub(crate) struct Phrases {
            /// Which.
            #[allow(dead_code, reason = "not every table is asked")]
            pub(crate) language: $crate::phrases::Language,
            $(pub(crate) $name: &'static str,)*
        }

        impl Phrases {
            /// Those of a language.
            pub(crate) fn of(language: $crate::phrases::Language) -> &'static Self {
                const EN: Phrases = Phrases { language: $crate::phrases::Language::En, $($name: $en,)* };
                const ZH: Phrases = Phrases { language: $crate::phrases::Language::Zh, $($name: $zh,)* };
                match language {
                    $crate::phrases::Language::En => &EN,
                    $crate::phrases::Language::Zh => &ZH,
                }
            }

            /// A word that results bring with them.
            #[allow(dead_code, reason = "not every table is asked")]
            pub(crate) fn term(&self, word: &str) -> String {
                self.language.term(word)
            }
        }

        #[cfg(test)]
        mod tests {
            #[test]
            fn both_languages_fill_in_the_same_values() {
                for (english, chinese) in [$(($en, $zh),)*] {
                    $crate::phrases::same_places(english, chinese);
                }
            }
        }
    };
}
pub(crate) use phrases;

/// Words that results bring with them, with their Chinese: units, stages, limits, columns of the ledger.
const TERMS: &[(&str, &str)] = &[
    ("new customers", "新客"),
    ("repeat orders", "复购订单"),
    ("customers won back", "召回老客"),
    ("qualified leads", "有效线索"),
    ("value of shopper assets", "消费者资产价值"),
    ("days to the orders (negated)", "达成订单目标的天数（取负）"),
    ("worth of the product chosen", "所选商品的价值"),
    ("weighted goals", "加权目标"),
    ("revenue", "成交额"),
    ("orders", "订单"),
    ("profit", "利润"),
    ("members", "会员"),
    ("joins", "入会"),
    ("leads", "线索"),
    ("clicks and engagements", "点击与互动"),
    ("response", "响应"),
    ("unreached", "未触达"),
    ("discover", "发现"),
    ("engage", "种草"),
    ("enthuse", "互动"),
    ("perform", "行动"),
    ("initial", "首购"),
    ("numerous", "复购"),
    ("keen", "至爱"),
    ("return_floor", "投资回报率下限"),
    ("cost_cap", "单位成本上限"),
    ("step", "步"),
    ("phase", "阶段"),
    ("spent", "花费"),
    ("reported new", "报表新客"),
    ("reported value", "报表成交额"),
    ("order value", "成交额"),
    ("arrived", "到账"),
    ("left", "剩余"),
    ("bound", "生效约束"),
    ("budget", "预算"),
    ("eligibility", "可投资格"),
    ("hold", "预留"),
    ("group", "组限额"),
    ("step-cap", "每步上限"),
    ("line-cap", "渠道上限"),
    ("pin", "固定额"),
    ("floor", "下限"),
    ("largest-change", "最大变动"),
];

/// Puts values in the place of `{0}`, `{1}` and so on; what a value holds is not looked at again.
pub(crate) fn fill(phrase: &str, values: &[&str]) -> String {
    let mut parts = phrase.split('{');
    let mut text = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        match part.split_once('}') {
            Some((place, rest)) => {
                text += place.parse::<usize>().ok().and_then(|place| values.get(place)).unwrap_or(&"");
                text += rest;
            }
            None => text += part,
        }
    }
    text
}

/// Holds that two phrases name the same values.
#[cfg(test)]
pub(crate) fn same_places(english: &str, chinese: &str) {
    let places = |phrase: &str| {
        let parts = phrase.split('{').skip(1);
        parts
            .filter_map(|part| part.split('}').next().map(str::to_owned))
            .collect::<std::collections::BTreeSet<_>>()
    };
    assert_eq!(places(english), places(chinese), "{english}");
}

#[cfg(test)]
mod tests {
    use outlay_environment::{Goal, LimitKind, Stage};

    use super::*;

    #[test]
    fn what_is_filled_in_is_not_filled_again() {
        assert_eq!(fill("{1} of {0}", &["{1}", "b"]), "b of {1}");
        assert_eq!(fill("plain", &[]), "plain");
    }

    #[test]
    fn every_word_of_results_has_its_chinese() {
        let goals = Goal::NAMED.map(|(_, goal)| goal.unit());
        let stages = Stage::ALL.map(Stage::name);
        let limits = [
            LimitKind::Budget,
            LimitKind::Eligibility,
            LimitKind::Hold,
            LimitKind::Group,
            LimitKind::StepCap,
            LimitKind::LineCap,
            LimitKind::Pin,
            LimitKind::Floor,
            LimitKind::LargestChange,
        ]
        .map(LimitKind::name);
        let zh = Language::Zh;
        for word in goals.iter().chain(&stages).chain(&limits) {
            assert_ne!(zh.term(word), *word);
        }
        assert_eq!(zh.term("my own line"), "my own line");
    }
}

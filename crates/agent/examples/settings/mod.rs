//! Settings as somebody types them.

/// A setting that was typed as `key=value`, the value as in a TOML file.
pub(crate) fn set(table: &mut toml::Table, key: &str, value: &str) -> Result<(), toml::de::Error> {
    let typed: toml::Table = toml::from_str(&format!("v = {value}"))?;
    table.insert(key.to_owned(), typed["v"].clone());
    Ok(())
}

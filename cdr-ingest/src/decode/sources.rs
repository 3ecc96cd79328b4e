//! Whose record is it?
//!
//! Owns: how the source of a record and, by it, the format are found (`FORMATS.md`, part 2).
//! Does not own: what a format looks like and how it is read (its file).

use rating::rows::SourceRow;

use super::shape::Look;
use super::{CANONICAL, FORMATS, MAPPED, Undecodable, clean, recognise};

/// The configured sources.
pub struct Sources<'a> {
    configured: &'a [SourceRow],
    /// Stands for any source when none is configured.
    fallback: &'a SourceRow,
    /// For each format: the only configured source of it.
    only: Vec<Option<usize>>,
    /// How many configured sources are of a format of their own.
    mapped: usize,
}

impl<'a> Sources<'a> {
    /// The configured sources; with none, `fallback` stands for every one.
    pub fn new(configured: &'a [SourceRow], fallback: &'a SourceRow) -> Self {
        let only = FORMATS
            .iter()
            .map(|format| {
                let mut of_format = configured.iter().enumerate().filter(|(_, source)| source.format == format.name);
                match (of_format.next(), of_format.next()) {
                    (Some((index, _)), None) => Some(index),
                    _ => None,
                }
            })
            .collect();
        let mapped = configured.iter().filter(|source| source.format == FORMATS[MAPPED].name).count();
        Self { configured, fallback, only, mapped }
    }

    /// The format of a record: that of the source that the message names, where it is of a format of its own; else told by the bytes; else, of a record
    /// that no other source has, that of the only source of a format of its own.
    pub(super) fn format_of(&self, bytes: &[u8], header: Option<&str>) -> Result<usize, Undecodable> {
        let header = header.filter(|name| !name.is_empty());
        let is_mapped = |source: &SourceRow| source.format == FORMATS[MAPPED].name;
        if self.mapped > 0 && header.and_then(|name| self.named(name)).is_some_and(is_mapped) {
            return Ok(MAPPED);
        }
        let look = Look::of(bytes);
        let recognised = recognise(&look);
        let has_source = |format: usize| self.configured.iter().any(|source| source.format == FORMATS[format].name);
        if self.mapped == 1 && header.is_none() && !recognised.is_some_and(has_source) {
            return Ok(MAPPED);
        }
        match (recognised, look) {
            (Some(format), _) => Ok(format),
            (None, Look::Object(_)) => Ok(CANONICAL),
            (None, Look::NotText) => Err(Undecodable::fixed("запись не в UTF-8", "the record is not UTF-8")),
            (None, Look::Line(_) | Look::List) => {
                Err(Undecodable::fixed("это не запись известного формата", "the bytes are no record of a known format"))
            }
        }
    }

    /// The source that a record which may still name another one seems to be of.
    pub(super) fn presumed(&self, header: Option<&str>, format: usize) -> &'a SourceRow {
        let named = header.filter(|name| !name.is_empty()).map(|name| self.named(name));
        let only = || self.only[format].map(|index| &self.configured[index]);
        named.unwrap_or_else(only).unwrap_or(self.fallback)
    }

    fn named(&self, name: &str) -> Option<&'a SourceRow> {
        if self.configured.is_empty() {
            return Some(self.fallback);
        }
        self.configured.iter().find(|source| source.code == name)
    }

    pub(super) fn for_record(&self, named: Option<&str>, format: usize) -> Result<&'a SourceRow, Undecodable> {
        match named.filter(|name| !name.is_empty()) {
            Some(name) => self.named(name).ok_or_else(|| {
                let name = clean(name);
                Undecodable::new(
                    format!("источник `{name}` не настроен"),
                    format!("the source `{name}` is not configured"),
                )
            }),
            None if self.configured.is_empty() => Ok(self.fallback),
            None => self.only[format].map(|index| &self.configured[index]).ok_or_else(|| {
                let format = FORMATS[format].name;
                Undecodable::new(
                    format!("запись не называет источник, а источников формата {format} настроено не ровно один"),
                    format!("the record names no source, and not exactly one source of format {format} is configured"),
                )
            }),
        }
    }
}

//! Endpoints of tags.
//!
//! Owns: the list of them, and how tags are shown.
//! Does not own: the tree and who has which tag (`billing::tags`).
//! Always: no change without a reason; nothing is erased (M10).

pub(crate) mod add;
pub(crate) mod close;
pub(crate) mod give;
pub(crate) mod history;
pub(crate) mod list;
pub(crate) mod of_client;
pub(crate) mod take;
pub(crate) mod update;

use billing::tags::{Assignment, Tag, TagError};
use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;

use crate::language::Text;
use crate::problem::{Code, Problem};

/// A folder or tag.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TagView {
    /// Identifier.
    id: i64,
    /// Identifier of the folder that it lies in.
    parent: Option<i64>,
    /// Name.
    name: String,
    /// Names of the folders above it, the outermost first.
    path: Vec<String>,
    /// Whether it is a folder.
    folder: bool,
    /// Name of the rule that gives and takes it; `null`: people do.
    rule: Option<String>,
    /// How many clients have it.
    clients: i64,
    /// Raised with every change.
    revision: i64,
}

impl From<Tag> for TagView {
    fn from(tag: Tag) -> Self {
        let Tag { id, parent, name, path, folder, rule, clients, revision } = tag;
        Self { id, parent, name, path, folder, rule, clients, revision }
    }
}

/// A tag that a client has or had.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AssignmentView {
    /// Identifier.
    id: i64,
    /// Identifier of the tag.
    tag: i64,
    /// Its name when it was given.
    name: String,
    /// Name of the folder that it lies in.
    folder: Option<String>,
    /// What a rule found.
    note: String,
    /// When it was given.
    added_at: DateTime<Utc>,
    /// By whom.
    added_by: String,
    /// Why.
    add_reason: String,
    /// When it was taken.
    removed_at: Option<DateTime<Utc>>,
    /// By whom.
    removed_by: Option<String>,
    /// Why.
    remove_reason: Option<String>,
}

impl From<Assignment> for AssignmentView {
    fn from(one: Assignment) -> Self {
        Self {
            id: one.id,
            tag: one.tag,
            name: one.name,
            folder: one.folder,
            note: one.note,
            added_at: one.added_at,
            added_by: one.added_by,
            add_reason: one.add_reason,
            removed_at: one.removed_at,
            removed_by: one.removed_by,
            remove_reason: one.remove_reason,
        }
    }
}

/// The same, where the body names the tag and the path the client.
fn of_body(error: TagError) -> Problem {
    match error {
        TagError::NotFound => Problem::field("/tag", Text::fixed("Такого тега нет", "There is no such tag")),
        error => error.into(),
    }
}

impl From<TagError> for Problem {
    fn from(error: TagError) -> Self {
        match error {
            TagError::NotFound | TagError::HasItNot => Self::new(Code::NotFound),
            TagError::NoFolder => Self::field("/parent", Text::fixed("Такой папки нет", "There is no such folder")),
            TagError::NameInUse => Self::new(Code::AlreadyExists)
                .at("/name", Text::fixed("В папке уже есть такое имя", "The folder has the name already")),
            TagError::Circle => Self::field(
                "/parent",
                Text::fixed("Папка не может лежать сама в себе", "A folder cannot lie in itself"),
            ),
            TagError::InUse(inside) => Self::new(Code::InvalidTransition).because(Text::new(
                format!("Сначала освободите папку: в ней {inside}"),
                format!("Empty the folder first: {inside} lie in it"),
            )),
            TagError::Folder => Self::field("/tag", Text::fixed("Это папка, а не тег", "This is a folder and no tag")),
            TagError::OfRule(rule) => Self::new(Code::InvalidTransition).because(Text::new(
                format!("Тег ставит и снимает правило {rule}"),
                format!("The rule {rule} gives and takes the tag"),
            )),
            TagError::HasIt => Self::new(Code::AlreadyExists)
                .at("/tag", Text::fixed("У клиента уже есть этот тег", "The client has the tag already")),
            TagError::Stale => Self::new(Code::Stale),
            TagError::Client(error) => error.into(),
            TagError::Store(error) => error.into(),
        }
    }
}

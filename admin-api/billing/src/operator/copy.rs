//! Rows into a table by COPY, in chunks.

use sqlx::postgres::PgConnection;

use crate::store::{StoreError, copy_field};

/// Bytes that are collected before they are sent.
const COPY_CHUNK_BYTES: usize = 1 << 20;

/// A COPY under way.
pub(crate) struct Copy<'c, 'p> {
    sink: sqlx::postgres::PgCopyIn<&'c mut PgConnection>,
    buffer: String,
    pending: usize,
    progress: &'p (dyn Fn(usize) + Sync),
}

impl<'c, 'p> Copy<'c, 'p> {
    pub(crate) async fn begin(
        connection: &'c mut PgConnection,
        target: &str,
        progress: &'p (dyn Fn(usize) + Sync),
    ) -> Result<Self, StoreError> {
        let sink = connection.copy_in_raw(&format!("COPY {target} FROM STDIN")).await?;
        Ok(Self { sink, buffer: String::with_capacity(COPY_CHUNK_BYTES + 1024), pending: 0, progress })
    }

    pub(crate) async fn line(&mut self, fields: &[Option<&str>]) -> Result<(), StoreError> {
        for (index, field) in fields.iter().enumerate() {
            if index > 0 {
                self.buffer.push('\t');
            }
            copy_field(&mut self.buffer, *field);
        }
        self.buffer.push('\n');
        self.pending += 1;
        if self.buffer.len() >= COPY_CHUNK_BYTES {
            self.flush().await?;
        }
        Ok(())
    }

    async fn flush(&mut self) -> Result<(), StoreError> {
        self.sink.send(self.buffer.as_bytes()).await?;
        self.buffer.clear();
        (self.progress)(std::mem::take(&mut self.pending));
        Ok(())
    }

    pub(crate) async fn end(mut self) -> Result<(), StoreError> {
        self.flush().await?;
        self.sink.finish().await?;
        Ok(())
    }
}

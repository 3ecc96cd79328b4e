//! x
#[derive(clap::Args)]
pub struct Options {}
pub(super) async fn main(_o: Options) -> anyhow::Result<std::process::ExitCode> {
    anyhow::bail!("x")
}

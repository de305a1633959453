//! `--generate`: the man page and the completions of shells, for whoever installs or packages the program.

use std::io;

use clap::{Command, ValueEnum};
use clap_complete::Shell;
use clap_mangen::Man;

/// What is generated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Generate {
    /// The man page.
    Man,
    /// Completions for bash.
    CompleteBash,
    /// Completions for zsh.
    CompleteZsh,
    /// Completions for fish.
    CompleteFish,
    /// Completions for PowerShell.
    CompletePowershell,
}

impl Generate {
    /// The text for a command line, as it was before anything was parsed by it.
    pub(super) fn text(self, cli: Command) -> io::Result<String> {
        let mut text = Vec::new();
        match self {
            Self::Man => man(&cli, &mut text)?,
            Self::CompleteBash => complete(Shell::Bash, cli, &mut text),
            Self::CompleteZsh => complete(Shell::Zsh, cli, &mut text),
            Self::CompleteFish => complete(Shell::Fish, cli, &mut text),
            Self::CompletePowershell => complete(Shell::PowerShell, cli, &mut text),
        }
        String::from_utf8(text).map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))
    }
}

fn complete(shell: Shell, mut cli: Command, text: &mut Vec<u8>) {
    clap_complete::generate(shell, &mut cli, "tabmap", text);
}

/// One page, with a section for each command: who reads about `sync` has the flags that all commands share at hand.
fn man(cli: &Command, text: &mut Vec<u8>) -> io::Result<()> {
    let page = Man::new(cli.clone());
    page.render_title(text)?;
    page.render_name_section(text)?;
    page.render_synopsis_section(text)?;
    page.render_options_section(text)?;
    for command in cli.get_subcommands() {
        // Taken before the flags of all commands are copied into each.
        let command = command.clone().bin_name(format!("tabmap {}", command.get_name()));
        let notes = command.get_after_help().map(ToString::to_string);
        let title = format!(".SH \"TABMAP {}\"\n", command.get_name().to_uppercase());
        let page = Man::new(command);
        let mut section = Vec::new();
        page.render_description_section(&mut section)?;
        page.render_synopsis_section(&mut section)?;
        page.render_options_section(&mut section)?;
        if notes.is_some() {
            page.render_extra_section(&mut section)?;
        }
        let section = String::from_utf8_lossy(&section).replace(".SH DESCRIPTION\n", "");
        // Examples keep their lines; a paragraph is filled.
        let has_lines = notes.is_some_and(|notes| notes.contains('\n'));
        let heading = if has_lines { ".SH NOTES\n.nf\n" } else { ".SH NOTES\n" };
        let section = section.replace(".SH EXTRA\n", heading).replace(".SH ", ".SS ");
        text.extend(title.bytes().chain(section.bytes()).chain(".fi\n".bytes()));
    }
    let mut section = Vec::new();
    page.render_extra_section(&mut section)?;
    text.extend(String::from_utf8_lossy(&section).replace(".SH EXTRA", ".SH \"EXIT STATUS\"").bytes());
    page.render_version_section(text)
}

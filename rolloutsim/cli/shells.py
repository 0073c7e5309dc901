"""Completion in bash, zsh and fish: click's classes, with scripts that let one go on behind `=`, `.`, `[` and `{`.

Each script asks the program for what is offered, a line each: `dir` and `file` ask the shell for its own, `open` is
what something is to follow at once, `plain` what a space follows. bash takes `=` and `:` for ends of words, and so it
is given what stands behind the last of them.
"""

from __future__ import annotations

import os
import re
import shlex
from typing import TYPE_CHECKING, Any

from click.shell_completion import BashComplete, FishComplete, ZshComplete, add_completion_class, split_arg_string

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

_OPEN = ("=", ".", "[", "{")
_BREAKS = re.compile(r".*[=:]")  # of COMP_WORDBREAKS, those that keys and names have
_NO_TEXT = re.compile(r"[\"'\\$`!]")  # what ends quotes, or is executed in them
_SPECIAL = re.compile(r"([\s\"'\\$&|;<>()*?!`#~])")

_BASH = """\
%(complete_func)s() {
    local kind value
    COMPREPLY=()
    while IFS=, read -r kind value; do
        case $kind in
            dir) compopt -o dirnames ;;
            file) compopt -o default ;;
            open) compopt -o nospace; COMPREPLY+=("$value") ;;
            plain) COMPREPLY+=("$value") ;;
        esac
    done < <(%(complete_var)s=bash_complete COMP_LINE="${COMP_LINE:0:COMP_POINT}" "$1" 2>/dev/null)
}
complete -o nosort -F %(complete_func)s %(prog_name)s
"""

_ZSH = """\
#compdef %(prog_name)s
%(complete_func)s() {
    local kind value about
    local -a open plain
    [[ $PREFIX == --*=* ]] && compset -P 1 '*='
    while IFS=$'\\t' read -r kind value about; do
        case $kind in
            dir) _path_files -/ ;;
            file) _path_files ;;
            open) open+=("${value//:/\\\\:}:$about") ;;
            plain) plain+=("${value//:/\\\\:}:$about") ;;
        esac
    done < <(%(complete_var)s=zsh_complete COMP_WORDS="${words[*]}" COMP_CWORD=$((CURRENT-1)) ${words[1]} 2>/dev/null)
    (( $#open )) && _describe -V 'key' open -S ''
    (( $#plain )) && _describe -V 'value' plain
}
if [[ $zsh_eval_context[-1] == loadautofunc ]]; then
    %(complete_func)s "$@"
else
    compdef %(complete_func)s %(prog_name)s
fi
"""

_FISH = """\
function %(complete_func)s
    set -lx %(complete_var)s fish_complete
    set -lx COMP_WORDS (commandline -cp)
    set -lx COMP_CWORD (commandline -ct)
    for line in (%(prog_name)s 2>/dev/null)
        set -l part (string split -m 2 \\t -- $line)
        switch $part[1]
            case dir
                __fish_complete_directories $part[2]
            case file
                __fish_complete_path $part[2]
            case open plain
                printf '%%s\\t%%s\\n' $part[2] $part[3]
        end
    end
end
complete --no-files --command %(prog_name)s --arguments '(%(complete_func)s)'
"""


def register() -> None:
    """Have click use them."""
    for shell in (Bash, Zsh, Fish):
        add_completion_class(shell)


def _kind(item: CompletionItem[Any]) -> str:
    return "open" if item.type == "plain" and item.value.endswith(_OPEN) else item.type


def _tabbed(item: CompletionItem[Any]) -> str:
    return f"{_kind(item)}\t{item.value}\t{' '.join((item.help or '').split()) or item.value}"


class Bash(BashComplete):
    """Of bash."""

    source_template = _BASH
    _typed = ""
    _quoted = False

    def get_completion_args(self) -> tuple[list[str], str]:
        """The words before the one that is typed, and that; of the line, since bash has cut it at `=` and `:`."""
        line = os.environ.get("COMP_LINE")
        if line is None:
            return super().get_completion_args()
        words = split_arg_string(line)
        try:
            shlex.split(line)
        except ValueError:
            self._quoted = True
        if line[-1:].isspace() and not self._quoted:
            words.append("")
        self._typed = words[-1]
        return words[1:-1], self._typed

    def get_completions(self, args: list[str], incomplete: str) -> list[CompletionItem[Any]]:
        """What is offered; within quotes nothing that would be more than a text there."""
        found = super().get_completions(args, incomplete)
        return [one for one in found if not (self._quoted and _NO_TEXT.search(one.value))]

    def format_completion(self, item: CompletionItem[Any]) -> str:
        """A line for the script."""
        value = item.value
        if item.type == "plain" and not self._quoted:
            if broken := _BREAKS.match(self._typed):
                typed = self._typed[broken.end() :]
                # What click has taken off, as of `--set=`, is gone from the value already.
                common = self._typed if value.startswith(self._typed) else self._typed.partition("=")[2]
                value = value[len(common) - len(typed) :]
            value = _SPECIAL.sub(r"\\\1", value)
        return f"{_kind(item)},{value}"


class Zsh(ZshComplete):
    """Of zsh."""

    source_template = _ZSH

    def format_completion(self, item: CompletionItem[Any]) -> str:
        """A line for the script."""
        return _tabbed(item)


class Fish(FishComplete):
    """Of fish."""

    source_template = _FISH

    def format_completion(self, item: CompletionItem[Any]) -> str:
        """A line for the script; it begins with all that is typed, an option before the value as well."""
        option, equals, _ = os.environ.get("COMP_CWORD", "").partition("=")
        if equals and option.startswith("--") and item.type == "plain" and not item.value.startswith(option):
            item = type(item)(f"{option}={item.value}", help=item.help)
        return _tabbed(item)

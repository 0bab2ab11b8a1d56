# Written by `python scripts/reference.py`, with shtab (https://github.com/tqdm/shtab).

_shtab_offramp_notes_subparsers=(check test new)
_shtab_offramp_subparsers=(check gate migrate notes server rule docs generate-shell-completion)

_shtab_offramp_check_option_strings=(-h --help --watch --select --extend-select --ignore --fix --unsafe-fixes --diff --convert-dags --exclude --extend-exclude --force-exclude --no-force-exclude --respect-gitignore --no-respect-gitignore --stdin-filename --output-format --output-file --output --color -q --quiet --statistics --exit-zero --config --isolated --jobs --no-cache)
_shtab_offramp_gate_option_strings=(-h --help --baseline --base --update --accept-new --locked --no-locked --strict --select --extend-select --ignore --exclude --extend-exclude --force-exclude --no-force-exclude --respect-gitignore --no-respect-gitignore --output-format --output-file --output --color -q --quiet --statistics --config --isolated --jobs --no-cache)
_shtab_offramp_migrate_option_strings=(-h --help --out --force --unsafe-fixes --connections -q --quiet --exclude --extend-exclude --force-exclude --no-force-exclude --respect-gitignore --no-respect-gitignore --config --isolated --jobs --no-cache)
_shtab_offramp_notes_check_option_strings=(-h --help --config --isolated)
_shtab_offramp_notes_test_option_strings=(-h --help --config --isolated)
_shtab_offramp_notes_new_option_strings=(-h --help --config --isolated)
_shtab_offramp_notes_option_strings=(-h --help)
_shtab_offramp_server_option_strings=(-h --help --stdio)
_shtab_offramp_rule_option_strings=(-h --help --all --search --output-format --config --isolated)
_shtab_offramp_docs_option_strings=(-h --help --out --readme --check --config --isolated)
_shtab_offramp_generate_shell_completion_option_strings=(-h --help)
_shtab_offramp_option_strings=(-h --help --version)

_shtab_offramp_check_pos_0_COMPGEN=_offramp_file
_shtab_offramp_check___select_COMPGEN=_offramp_codes
_shtab_offramp_check___extend_select_COMPGEN=_offramp_codes
_shtab_offramp_check___ignore_COMPGEN=_offramp_codes
_shtab_offramp_check___exclude_COMPGEN=_offramp_file
_shtab_offramp_check___extend_exclude_COMPGEN=_offramp_file
_shtab_offramp_check___stdin_filename_COMPGEN=_offramp_file
_shtab_offramp_check___output_file_COMPGEN=_offramp_file
_shtab_offramp_check___output_COMPGEN=_offramp_output
_shtab_offramp_check___config_COMPGEN=_offramp_file
_shtab_offramp_gate_pos_0_COMPGEN=_offramp_file
_shtab_offramp_gate___baseline_COMPGEN=_offramp_file
_shtab_offramp_gate___select_COMPGEN=_offramp_codes
_shtab_offramp_gate___extend_select_COMPGEN=_offramp_codes
_shtab_offramp_gate___ignore_COMPGEN=_offramp_codes
_shtab_offramp_gate___exclude_COMPGEN=_offramp_file
_shtab_offramp_gate___extend_exclude_COMPGEN=_offramp_file
_shtab_offramp_gate___output_file_COMPGEN=_offramp_file
_shtab_offramp_gate___output_COMPGEN=_offramp_output
_shtab_offramp_gate___config_COMPGEN=_offramp_file
_shtab_offramp_migrate_pos_0_COMPGEN=_offramp_file
_shtab_offramp_migrate___out_COMPGEN=_offramp_directory
_shtab_offramp_migrate___connections_COMPGEN=_offramp_file
_shtab_offramp_migrate___exclude_COMPGEN=_offramp_file
_shtab_offramp_migrate___extend_exclude_COMPGEN=_offramp_file
_shtab_offramp_migrate___config_COMPGEN=_offramp_file
_shtab_offramp_notes_check_pos_0_COMPGEN=_offramp_file
_shtab_offramp_notes_check___config_COMPGEN=_offramp_file
_shtab_offramp_notes_test_pos_0_COMPGEN=_offramp_file
_shtab_offramp_notes_test___config_COMPGEN=_offramp_file
_shtab_offramp_notes_new_pos_1_COMPGEN=_offramp_file
_shtab_offramp_notes_new___config_COMPGEN=_offramp_file
_shtab_offramp_rule_pos_0_COMPGEN=_offramp_code
_shtab_offramp_rule___config_COMPGEN=_offramp_file
_shtab_offramp_docs_pos_0_COMPGEN=_offramp_file
_shtab_offramp_docs___out_COMPGEN=_offramp_directory
_shtab_offramp_docs___readme_COMPGEN=_offramp_file
_shtab_offramp_docs___config_COMPGEN=_offramp_file

_shtab_offramp_check___convert_dags_choices=(always configured never)
_shtab_offramp_check___output_format_choices=(full concise grouped json jsonl github gitlab azure junit sarif rdjson)
_shtab_offramp_check___color_choices=(auto always never)
_shtab_offramp_gate___output_format_choices=(full concise grouped json jsonl github gitlab azure junit sarif rdjson)
_shtab_offramp_gate___color_choices=(auto always never)
_shtab_offramp_notes_pos_0_choices=(check test new)
_shtab_offramp_rule___output_format_choices=(text json)
_shtab_offramp_generate_shell_completion_pos_0_choices=(bash zsh fish)
_shtab_offramp_pos_0_choices=(check gate migrate notes server rule docs generate-shell-completion)

_shtab_offramp_check_pos_0_nargs='*'
_shtab_offramp_check__h_nargs=0
_shtab_offramp_check___help_nargs=0
_shtab_offramp_check___watch_nargs=0
_shtab_offramp_check___fix_nargs=0
_shtab_offramp_check___unsafe_fixes_nargs=0
_shtab_offramp_check___diff_nargs=0
_shtab_offramp_check___force_exclude_nargs=0
_shtab_offramp_check___no_force_exclude_nargs=0
_shtab_offramp_check___respect_gitignore_nargs=0
_shtab_offramp_check___no_respect_gitignore_nargs=0
_shtab_offramp_check__q_nargs=0
_shtab_offramp_check___quiet_nargs=0
_shtab_offramp_check___statistics_nargs=0
_shtab_offramp_check___exit_zero_nargs=0
_shtab_offramp_check___isolated_nargs=0
_shtab_offramp_check___no_cache_nargs=0
_shtab_offramp_gate_pos_0_nargs='*'
_shtab_offramp_gate__h_nargs=0
_shtab_offramp_gate___help_nargs=0
_shtab_offramp_gate___update_nargs=0
_shtab_offramp_gate___accept_new_nargs=0
_shtab_offramp_gate___locked_nargs=0
_shtab_offramp_gate___no_locked_nargs=0
_shtab_offramp_gate___strict_nargs=0
_shtab_offramp_gate___force_exclude_nargs=0
_shtab_offramp_gate___no_force_exclude_nargs=0
_shtab_offramp_gate___respect_gitignore_nargs=0
_shtab_offramp_gate___no_respect_gitignore_nargs=0
_shtab_offramp_gate__q_nargs=0
_shtab_offramp_gate___quiet_nargs=0
_shtab_offramp_gate___statistics_nargs=0
_shtab_offramp_gate___isolated_nargs=0
_shtab_offramp_gate___no_cache_nargs=0
_shtab_offramp_migrate_pos_0_nargs=+
_shtab_offramp_migrate__h_nargs=0
_shtab_offramp_migrate___help_nargs=0
_shtab_offramp_migrate___force_nargs=0
_shtab_offramp_migrate___unsafe_fixes_nargs=0
_shtab_offramp_migrate__q_nargs=0
_shtab_offramp_migrate___quiet_nargs=0
_shtab_offramp_migrate___force_exclude_nargs=0
_shtab_offramp_migrate___no_force_exclude_nargs=0
_shtab_offramp_migrate___respect_gitignore_nargs=0
_shtab_offramp_migrate___no_respect_gitignore_nargs=0
_shtab_offramp_migrate___isolated_nargs=0
_shtab_offramp_migrate___no_cache_nargs=0
_shtab_offramp_notes_check_pos_0_nargs='*'
_shtab_offramp_notes_check__h_nargs=0
_shtab_offramp_notes_check___help_nargs=0
_shtab_offramp_notes_check___isolated_nargs=0
_shtab_offramp_notes_test_pos_0_nargs='*'
_shtab_offramp_notes_test__h_nargs=0
_shtab_offramp_notes_test___help_nargs=0
_shtab_offramp_notes_test___isolated_nargs=0
_shtab_offramp_notes_new__h_nargs=0
_shtab_offramp_notes_new___help_nargs=0
_shtab_offramp_notes_new___isolated_nargs=0
_shtab_offramp_notes_pos_0_nargs=A...
_shtab_offramp_notes__h_nargs=0
_shtab_offramp_notes___help_nargs=0
_shtab_offramp_server__h_nargs=0
_shtab_offramp_server___help_nargs=0
_shtab_offramp_server___stdio_nargs=0
_shtab_offramp_rule__h_nargs=0
_shtab_offramp_rule___help_nargs=0
_shtab_offramp_rule___all_nargs=0
_shtab_offramp_rule___isolated_nargs=0
_shtab_offramp_docs_pos_0_nargs='*'
_shtab_offramp_docs__h_nargs=0
_shtab_offramp_docs___help_nargs=0
_shtab_offramp_docs___check_nargs=0
_shtab_offramp_docs___isolated_nargs=0
_shtab_offramp_generate_shell_completion__h_nargs=0
_shtab_offramp_generate_shell_completion___help_nargs=0
_shtab_offramp_pos_0_nargs=A...
_shtab_offramp__h_nargs=0
_shtab_offramp___help_nargs=0
_shtab_offramp___version_nargs=0


_offramp_file() { compgen -f -- "$1"; }
_offramp_directory() { compgen -d -- "$1"; }
_offramp_code() { compgen -W "OFR101 OFR102 OFR103 OFR104 OFR105 OFR106 OFR107 OFR108 OFR111 OFR112 OFR113 OFR121 OFR122 OFR123 OFR131 OFR132 OFR141 OFR142 OFR201 OFR202 OFR203 OFR204 OFR211 OFR212 OFR213 OFR214 OFR215 OFR216 OFR217 OFR218 OFR219 OFR220 OFR221 OFR222 OFR223 OFR224 OFR225 OFR226 OFR301 OFR302 OFR303 OFR401 OFR402 OFR403 OFR404 OFR405 OFR406 OFR800 OFR901 OFR902 OFR903" -- "$1"; }
_offramp_codes() {
  local listed=""
  [[ "$1" == *,* ]] && listed="${1%,*},"
  compgen -P "$listed" -W "ALL OFR1 OFR2 OFR3 OFR4 OFR8 OFR9 OFR101 OFR102 OFR103 OFR104 OFR105 OFR106 OFR107 OFR108 OFR111 OFR112 OFR113 OFR121 OFR122 OFR123 OFR131 OFR132 OFR141 OFR142 OFR201 OFR202 OFR203 OFR204 OFR211 OFR212 OFR213 OFR214 OFR215 OFR216 OFR217 OFR218 OFR219 OFR220 OFR221 OFR222 OFR223 OFR224 OFR225 OFR226 OFR301 OFR302 OFR303 OFR401 OFR402 OFR403 OFR404 OFR405 OFR406 OFR800 OFR901 OFR902 OFR903" -- "${1##*,}"
}
_offramp_output() { compgen -S = -W "full concise grouped json jsonl github gitlab azure junit sarif rdjson" -- "$1"; }


_shtab_compgen_files() {
  compgen -f -- $1  # files
}

_shtab_compgen_dirs() {
  compgen -d -- $1  # recurse into subdirs
}

_shtab_replace_nonword() {
  echo "${1//[^[:word:]]/_}"
}

_set_parser_defaults() {
  local subparsers_var="${prefix}_subparsers[@]"
  sub_parsers=${!subparsers_var-}

  local current_option_strings_var="${prefix}_option_strings[@]"
  current_option_strings=${!current_option_strings_var}

  completed_positional_actions=0

  _set_new_action "pos_$completed_positional_actions" true
}

_set_new_action() {
  current_action="${prefix}_$(_shtab_replace_nonword $1)"

  local current_action_compgen_var=${current_action}_COMPGEN
  current_action_compgen="${!current_action_compgen_var-}"

  local current_action_choices_var="${current_action}_choices[@]"
  current_action_choices="${!current_action_choices_var-}"

  local current_action_nargs_var="${current_action}_nargs"
  if [ -n "${!current_action_nargs_var-}" ]; then
    current_action_nargs="${!current_action_nargs_var}"
  else
    current_action_nargs=1
  fi

  current_action_args_start_index=$(( $word_index + 1 - $pos_only ))

  current_action_is_positional=$2
}

_shtab_offramp() {
  local completing_word="${COMP_WORDS[COMP_CWORD]}"
  local previous_word="${COMP_WORDS[COMP_CWORD-1]}"
  local completed_positional_actions
  local current_action
  local current_action_args_start_index
  local current_action_choices
  local current_action_compgen
  local current_action_is_positional
  local current_action_nargs
  local current_option_strings
  local sub_parsers
  COMPREPLY=()

  local prefix=_shtab_offramp
  local word_index=0
  local pos_only=0 # "--" delimiter not encountered yet
  _set_parser_defaults
  word_index=1

  # determine what arguments are appropriate for the current state
  # of the arg parser
  while [ $word_index -ne $COMP_CWORD ]; do
    local this_word="${COMP_WORDS[$word_index]}"

    if [[ $pos_only = 1 || " $this_word " != " -- " ]]; then
      if [[ -n $sub_parsers && " ${sub_parsers[@]} " == *" $this_word "* ]]; then
        # valid subcommand: add it to the prefix & reset the current action
        prefix="${prefix}_$(_shtab_replace_nonword $this_word)"
        _set_parser_defaults
      fi

      if [[ " ${current_option_strings[@]} " == *" $this_word "* ]]; then
        # a new action should be acquired (due to recognised option string or
        # no more input expected from current action);
        # the next positional action can fill in here
        _set_new_action $this_word false
      fi

      if [[ "$current_action_nargs" != "*" ]] && \
         [[ "$current_action_nargs" != "+" ]] && \
         [[ "$current_action_nargs" != "?" ]] && \
         [[ "$current_action_nargs" != *"..." ]] && \
         (( $word_index + 1 - $current_action_args_start_index - $pos_only >= \
            $current_action_nargs )); then
        $current_action_is_positional && let "completed_positional_actions += 1"
        _set_new_action "pos_$completed_positional_actions" true
      fi
    else
      pos_only=1 # "--" delimiter encountered
    fi

    let "word_index+=1"
  done

  # Generate the completions

  COMPREPLY=()
  if [[ $pos_only = 0 && "$completing_word" == -* &&
        ( -z "$current_action_compgen" || "$current_action_is_positional" = true ) ]]; then
    # optional argument started: use option strings
    while IFS= read -r line; do COMPREPLY+=("$line"); done < <(
      compgen -W "${current_option_strings[*]}" -- "$completing_word")
  elif [[ "$previous_word" =~ ^[0-9\&]*[\<\>]\>?$ ]]; then
    # handle redirection operators
    compopt -o filenames 2>/dev/null || : # bash>=4
    while IFS= read -r line; do COMPREPLY+=("$line"); done < <(compgen -f -- "$completing_word")
  else
    # use choices & compgen
    local action_compgen_word="$completing_word"
    # handle tab-completing in the middle of a line (#248 <- #116)
    [[ -n "$current_action_compgen" && "$completing_word" == -* ]] && action_compgen_word=""
    [ -n "$current_action_compgen" ] && {
      [[ "$current_action_compgen" =~ _(file|dir|glob|FILE|DIR|GLOB)|File|Dir|Glob ]] &&
        compopt -o filenames 2>/dev/null || : # bash>=4
      while IFS= read -r line; do COMPREPLY+=("$line"); done < <(
        "$current_action_compgen" "$action_compgen_word")
    }
    while IFS= read -r line; do COMPREPLY+=("$line"); done < <(
      compgen -W "${current_action_choices[*]}" -- "$completing_word")
  fi

  if [[ ${#COMPREPLY[@]} = 0 ]]; then
    # native fallback matches are not necessarily filenames (e.g. variables)
    compopt +o filenames 2>/dev/null || : # bash>=4
  fi

  return 0
}

complete -o bashdefault -F _shtab_offramp offramp

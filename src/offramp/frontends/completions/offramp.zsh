#compdef offramp
# Written by `python scripts/reference.py`, with shtab (https://github.com/tqdm/shtab).



_shtab_offramp_commands() {
  local _commands=(
    check:'check files and directories'
    docs:'write a page for every rule'
    gate:'let no new Airflow in'
    generate-shell-completion:'let your shell complete commands'
    migrate:'write Prefect flows beside the DAGs'
    notes:'check, test and begin mapping notes'
    rule:'explain a rule'
    server:'serve editors: findings while typing, fixes, notes'
  )
  _describe 'offramp commands' _commands
}

_shtab_offramp_notes_commands() {
  local _commands=(
    check:'check note files against the real libraries'
    new:'begin a note on an operator'
    test:'run the examples of note files as tests'
  )
  _describe 'offramp notes commands' _commands
}

_shtab_offramp_options=(
  "(- : *)"{-h,--help}"[show this help message and exit]"
  "(- : *)--version[show the version and exit]"
)

_shtab_offramp_defaults_added=0

_shtab_offramp_check_options=(
  "(- : *)"{-h,--help}"[show this help message and exit]"
  "--watch[check again whenever files change, until Ctrl-C]"
  "*--select[run these rules only]:CODES:_offramp_codes"
  "*--extend-select[run these rules too]:CODES:_offramp_codes"
  "*--ignore[do not run these rules]:CODES:_offramp_codes"
  "--fix[apply the safe fixes]"
  "--unsafe-fixes[with --fix or --diff, apply the unsafe ones too]"
  "--diff[show what --fix would change, and write nothing]"
  "--convert-dags[whether --fix may turn DAGs into flows (default\: always\; configured\: where \`convert-dags \= true\`)]:convert_dags:(always configured never)"
  "*--exclude[skip these paths, instead of the defaults]:GLOBS:_offramp_file"
  "*--extend-exclude[skip these paths too]:GLOBS:_offramp_file"
  {--force-exclude,--no-force-exclude}"[skip excluded files even when they are named]"
  {--respect-gitignore,--no-respect-gitignore}"[skip what git ignores (the default)]"
  "--stdin-filename[name of the file that stdin holds]:PATH:_offramp_file"
  "--output-format[layout of the findings\: full, concise, grouped, json, jsonl, github, gitlab, azure, junit, sarif, rdjson (default\: full)]:FORMAT:(full concise grouped json jsonl github gitlab azure junit sarif rdjson)"
  "--output-file[write the findings there]:PATH:_offramp_file"
  "*--output[write the findings there too, in that layout\; without \=FILE on stdout instead\; may be repeated]:FORMAT=FILE:_offramp_output"
  "--color[colours and links to rules (default\: auto)]:color:(auto always never)"
  {-q,--quiet}"[print findings and problems only]"
  "--statistics[count the findings of each rule instead]"
  "--exit-zero[exit 0 although there are findings]"
  "--config[use this configuration file and no other]:PATH:_offramp_file"
  "--isolated[use no configuration file]"
  "--jobs[processes (default\: one per processor)]:N:"
  "--no-cache[without effect for now\: nothing is cached]"
  "(*)::files and directories (default\: the current one), or - for stdin:_offramp_file"
)

_shtab_offramp_check_defaults_added=0

_shtab_offramp_docs_options=(
  "(- : *)"{-h,--help}"[show this help message and exit]"
  "--out[directory of the pages (default\: docs)]:DIR:_offramp_directory"
  "--readme[write the table of rules between the marks in this file too]:FILE:_offramp_file"
  "--check[write nothing\; exit 1 when a page is out of date]"
  "--config[use this configuration file and no other]:PATH:_offramp_file"
  "--isolated[use no configuration file]"
  "(*)::note files (default\: the configuration\'s, else offramp\'s own):_offramp_file"
)

_shtab_offramp_docs_defaults_added=0

_shtab_offramp_gate_options=(
  "(- : *)"{-h,--help}"[show this help message and exit]"
  "--baseline[the accepted findings (default\: offramp-baseline.json)]:FILE:_offramp_file"
  "--base[compare with a git revision\; a baseline follows renames since]:REF:"
  "--update[remove entries from the baseline whose findings are gone]"
  "--accept-new[add the new findings to the baseline]"
  {--locked,--no-locked}"[write no baseline (the default where CI is set)]"
  "--strict[fail on entries whose findings are gone]"
  "*--select[run these rules only]:CODES:_offramp_codes"
  "*--extend-select[run these rules too]:CODES:_offramp_codes"
  "*--ignore[do not run these rules]:CODES:_offramp_codes"
  "*--exclude[skip these paths, instead of the defaults]:GLOBS:_offramp_file"
  "*--extend-exclude[skip these paths too]:GLOBS:_offramp_file"
  {--force-exclude,--no-force-exclude}"[skip excluded files even when they are named]"
  {--respect-gitignore,--no-respect-gitignore}"[skip what git ignores (the default)]"
  "--output-format[layout of the findings\: full, concise, grouped, json, jsonl, github, gitlab, azure, junit, sarif, rdjson (default\: full)]:FORMAT:(full concise grouped json jsonl github gitlab azure junit sarif rdjson)"
  "--output-file[write the findings there]:PATH:_offramp_file"
  "*--output[write the findings there too, in that layout\; without \=FILE on stdout instead\; may be repeated]:FORMAT=FILE:_offramp_output"
  "--color[colours and links to rules (default\: auto)]:color:(auto always never)"
  {-q,--quiet}"[print findings and problems only]"
  "--statistics[count by folder and owner instead]"
  "--config[use this configuration file and no other]:PATH:_offramp_file"
  "--isolated[use no configuration file]"
  "--jobs[processes (default\: one per processor)]:N:"
  "--no-cache[without effect for now\: nothing is cached]"
  "(*)::files and directories (default\: the current one):_offramp_file"
)

_shtab_offramp_gate_defaults_added=0

_shtab_offramp_generate_shell_completion_options=(
  "(- : *)"{-h,--help}"[show this help message and exit]"
  ":the shell that reads it:(bash zsh fish)"
)

_shtab_offramp_generate_shell_completion_defaults_added=0

_shtab_offramp_migrate_options=(
  "(- : *)"{-h,--help}"[show this help message and exit]"
  "--out[where the flows go]:DIR:_offramp_directory"
  "--force[overwrite files there]"
  "--unsafe-fixes[write flows that differ from their DAGs too]"
  "--connections[JSON that \`airflow connections export\` wrote]:FILE:_offramp_file"
  {-q,--quiet}"[print problems only]"
  "*--exclude[skip these paths, instead of the defaults]:GLOBS:_offramp_file"
  "*--extend-exclude[skip these paths too]:GLOBS:_offramp_file"
  {--force-exclude,--no-force-exclude}"[skip excluded files even when they are named]"
  {--respect-gitignore,--no-respect-gitignore}"[skip what git ignores (the default)]"
  "--config[use this configuration file and no other]:PATH:_offramp_file"
  "--isolated[use no configuration file]"
  "--jobs[processes (default\: one per processor)]:N:"
  "--no-cache[without effect for now\: nothing is cached]"
  "(*):files and directories\; they are never changed:_offramp_file"
)

_shtab_offramp_migrate_defaults_added=0

_shtab_offramp_notes_options=(
  "(- : *)"{-h,--help}"[show this help message and exit]"
)

_shtab_offramp_notes_defaults_added=0

_shtab_offramp_notes_check_options=(
  "(- : *)"{-h,--help}"[show this help message and exit]"
  "--config[use this configuration file and no other]:PATH:_offramp_file"
  "--isolated[use no configuration file]"
  "(*)::note files (default\: those of the configuration):_offramp_file"
)

_shtab_offramp_notes_check_defaults_added=0

_shtab_offramp_notes_new_options=(
  "(- : *)"{-h,--help}"[show this help message and exit]"
  "--config[use this configuration file and no other]:PATH:_offramp_file"
  "--isolated[use no configuration file]"
  ":its dotted path, such as company.operators.NightlyDbtOperator:"
  ":the Python file that defines it, if it is not importable:_offramp_file"
)

_shtab_offramp_notes_new_defaults_added=0

_shtab_offramp_notes_test_options=(
  "(- : *)"{-h,--help}"[show this help message and exit]"
  "--config[use this configuration file and no other]:PATH:_offramp_file"
  "--isolated[use no configuration file]"
  "(*)::note files (default\: those of the configuration):_offramp_file"
)

_shtab_offramp_notes_test_defaults_added=0

_shtab_offramp_rule_options=(
  "(- : *)"{-h,--help}"[show this help message and exit]"
  "--all[every rule]"
  "--search[the rules on whose pages the word stands]:WORD:"
  "--output-format[default\: text]:output_format:(text json)"
  "--config[use this configuration file and no other]:PATH:_offramp_file"
  "--isolated[use no configuration file]"
  ":code or name of a rule, such as OFR101:_offramp_code"
)

_shtab_offramp_rule_defaults_added=0

_shtab_offramp_server_options=(
  "(- : *)"{-h,--help}"[show this help message and exit]"
  "--stdio[talk over stdin and stdout, as it always does]"
)

_shtab_offramp_server_defaults_added=0


_shtab_offramp() {
  local context state line curcontext="$curcontext" one_or_more='(*)' remainder='(-)*:' default='*::: :->offramp'

  # Add default positional/remainder specs only if none exist, and only once per session
  if (( ! _shtab_offramp_defaults_added )); then
    if (( ${_shtab_offramp_options[(I)${(q)one_or_more}*]} +          ${_shtab_offramp_options[(I)${(q)remainder}*]} +          ${_shtab_offramp_options[(I)${(q)default}]} == 0 )); then
      _shtab_offramp_options+=(': :_shtab_offramp_commands' '*::: :->offramp')
    fi
    _shtab_offramp_defaults_added=1
  fi
  _arguments -C -s $_shtab_offramp_options

  case $state in
    offramp)
      words=($line[1] "${words[@]}")
      (( CURRENT += 1 ))
      curcontext="${curcontext%:*:*}:_shtab_offramp-$line[1]:"
      case $line[1] in
        check) _arguments -C -s $_shtab_offramp_check_options ;;
        docs) _arguments -C -s $_shtab_offramp_docs_options ;;
        gate) _arguments -C -s $_shtab_offramp_gate_options ;;
        generate-shell-completion) _arguments -C -s $_shtab_offramp_generate_shell_completion_options ;;
        migrate) _arguments -C -s $_shtab_offramp_migrate_options ;;
        notes) _shtab_offramp_notes ;;
        rule) _arguments -C -s $_shtab_offramp_rule_options ;;
        server) _arguments -C -s $_shtab_offramp_server_options ;;
      esac
  esac
}

_shtab_offramp_notes() {
  local context state line curcontext="$curcontext" one_or_more='(*)' remainder='(-)*:' default='*::: :->notes'

  # Add default positional/remainder specs only if none exist, and only once per session
  if (( ! _shtab_offramp_notes_defaults_added )); then
    if (( ${_shtab_offramp_notes_options[(I)${(q)one_or_more}*]} +          ${_shtab_offramp_notes_options[(I)${(q)remainder}*]} +          ${_shtab_offramp_notes_options[(I)${(q)default}]} == 0 )); then
      _shtab_offramp_notes_options+=(': :_shtab_offramp_notes_commands' '*::: :->notes')
    fi
    _shtab_offramp_notes_defaults_added=1
  fi
  _arguments -C -s $_shtab_offramp_notes_options

  case $state in
    notes)
      words=($line[1] "${words[@]}")
      (( CURRENT += 1 ))
      curcontext="${curcontext%:*:*}:_shtab_offramp_notes-$line[1]:"
      case $line[1] in
        check) _arguments -C -s $_shtab_offramp_notes_check_options ;;
        new) _arguments -C -s $_shtab_offramp_notes_new_options ;;
        test) _arguments -C -s $_shtab_offramp_notes_test_options ;;
      esac
  esac
}

_offramp_file() { _files }
_offramp_directory() { _files -/ }
_offramp_code() {
  local -a codes=(OFR101:dbt-cloud-run-job-operator OFR102:dbt-cloud-job-run-sensor OFR103:dbt-cloud-get-job-run-artifact-operator OFR104:dbt-cloud-list-jobs-operator OFR105:dbt-cloud-list-job-runs-operator OFR106:dbt-cloud-hook OFR107:dbt-cloud-async-operator OFR108:derived-dbt-operator OFR111:cosmos-dbt-dag OFR112:cosmos-dbt-task-group OFR113:cosmos-operator OFR121:dbt-in-bash OFR122:dbt-in-container OFR123:dbt-in-python OFR131:airflow-dbt-operator OFR132:airflow-dbt-hook OFR141:airflow-dbt-python-operator OFR142:airflow-dbt-python-hook OFR201:fire-and-forget-run OFR202:deferrable-without-wait OFR203:hook-wait-result-ignored OFR204:double-wait OFR211:dbt-call-not-awaited OFR212:returned-coroutine OFR213:fire-and-forget-trigger OFR214:wait-result-ignored OFR215:future-not-resolved OFR216:wait-window-too-short OFR217:retries-without-effect OFR218:wrong-call-form OFR219:only-last-command-counts OFR220:concurrent-in-process-dbt OFR221:hidden-dbt-failure OFR222:fire-and-forget-dbt OFR223:dbt-result-ignored OFR224:selection-is-a-string OFR225:env-replaces-path OFR226:cosmos-tests-dropped OFR301:airflow-import OFR302:dynamic-airflow-import OFR303:airflow-dependency OFR401:unknown-argument OFR402:hard-coded-api-key OFR403:wrong-import OFR404:unknown-extra OFR405:domain-with-scheme OFR406:lost-run-option OFR800:noted-operator OFR901:cannot-parse OFR902:unused-suppression OFR903:bad-note)
  _describe code codes
}
_offramp_codes() {
  local -a codes=(ALL OFR1 OFR2 OFR3 OFR4 OFR8 OFR9 OFR101:dbt-cloud-run-job-operator OFR102:dbt-cloud-job-run-sensor OFR103:dbt-cloud-get-job-run-artifact-operator OFR104:dbt-cloud-list-jobs-operator OFR105:dbt-cloud-list-job-runs-operator OFR106:dbt-cloud-hook OFR107:dbt-cloud-async-operator OFR108:derived-dbt-operator OFR111:cosmos-dbt-dag OFR112:cosmos-dbt-task-group OFR113:cosmos-operator OFR121:dbt-in-bash OFR122:dbt-in-container OFR123:dbt-in-python OFR131:airflow-dbt-operator OFR132:airflow-dbt-hook OFR141:airflow-dbt-python-operator OFR142:airflow-dbt-python-hook OFR201:fire-and-forget-run OFR202:deferrable-without-wait OFR203:hook-wait-result-ignored OFR204:double-wait OFR211:dbt-call-not-awaited OFR212:returned-coroutine OFR213:fire-and-forget-trigger OFR214:wait-result-ignored OFR215:future-not-resolved OFR216:wait-window-too-short OFR217:retries-without-effect OFR218:wrong-call-form OFR219:only-last-command-counts OFR220:concurrent-in-process-dbt OFR221:hidden-dbt-failure OFR222:fire-and-forget-dbt OFR223:dbt-result-ignored OFR224:selection-is-a-string OFR225:env-replaces-path OFR226:cosmos-tests-dropped OFR301:airflow-import OFR302:dynamic-airflow-import OFR303:airflow-dependency OFR401:unknown-argument OFR402:hard-coded-api-key OFR403:wrong-import OFR404:unknown-extra OFR405:domain-with-scheme OFR406:lost-run-option OFR800:noted-operator OFR901:cannot-parse OFR902:unused-suppression OFR903:bad-note)
  compset -P '*,'
  _describe code codes -q -S ','
}
_offramp_output() {
  if compset -P '*='; then _files; else compadd -S = full concise grouped json jsonl github gitlab azure junit sarif rdjson; fi
}



typeset -A opt_args

if [[ $zsh_eval_context[-1] == eval ]]; then
  # eval/source/. command, register function for later
  compdef _shtab_offramp -N offramp
else
  # autoload from fpath, call function directly
  _shtab_offramp "$@"
fi

# Written by `python scripts/reference.py`, with shtab (https://github.com/tqdm/shtab).

function _offramp_file
  __fish_complete_path (commandline -ct)
end
function _offramp_directory
  __fish_complete_directories (commandline -ct)
end
function _offramp_code
  printf '%s\n' OFR101\tdbt-cloud-run-job-operator OFR102\tdbt-cloud-job-run-sensor OFR103\tdbt-cloud-get-job-run-artifact-operator OFR104\tdbt-cloud-list-jobs-operator OFR105\tdbt-cloud-list-job-runs-operator OFR106\tdbt-cloud-hook OFR107\tdbt-cloud-async-operator OFR108\tderived-dbt-operator OFR111\tcosmos-dbt-dag OFR112\tcosmos-dbt-task-group OFR113\tcosmos-operator OFR121\tdbt-in-bash OFR122\tdbt-in-container OFR123\tdbt-in-python OFR131\tairflow-dbt-operator OFR132\tairflow-dbt-hook OFR141\tairflow-dbt-python-operator OFR142\tairflow-dbt-python-hook OFR201\tfire-and-forget-run OFR202\tdeferrable-without-wait OFR203\thook-wait-result-ignored OFR204\tdouble-wait OFR211\tdbt-call-not-awaited OFR212\treturned-coroutine OFR213\tfire-and-forget-trigger OFR214\twait-result-ignored OFR215\tfuture-not-resolved OFR216\twait-window-too-short OFR217\tretries-without-effect OFR218\twrong-call-form OFR219\tonly-last-command-counts OFR220\tconcurrent-in-process-dbt OFR221\thidden-dbt-failure OFR222\tfire-and-forget-dbt OFR223\tdbt-result-ignored OFR224\tselection-is-a-string OFR225\tenv-replaces-path OFR226\tcosmos-tests-dropped OFR301\tairflow-import OFR302\tdynamic-airflow-import OFR303\tairflow-dependency OFR401\tunknown-argument OFR402\thard-coded-api-key OFR403\twrong-import OFR404\tunknown-extra OFR405\tdomain-with-scheme OFR406\tlost-run-option OFR800\tnoted-operator OFR901\tcannot-parse OFR902\tunused-suppression OFR903\tbad-note
end
function _offramp_each_code
  printf '%s\n' ALL OFR1 OFR2 OFR3 OFR4 OFR8 OFR9 OFR101\tdbt-cloud-run-job-operator OFR102\tdbt-cloud-job-run-sensor OFR103\tdbt-cloud-get-job-run-artifact-operator OFR104\tdbt-cloud-list-jobs-operator OFR105\tdbt-cloud-list-job-runs-operator OFR106\tdbt-cloud-hook OFR107\tdbt-cloud-async-operator OFR108\tderived-dbt-operator OFR111\tcosmos-dbt-dag OFR112\tcosmos-dbt-task-group OFR113\tcosmos-operator OFR121\tdbt-in-bash OFR122\tdbt-in-container OFR123\tdbt-in-python OFR131\tairflow-dbt-operator OFR132\tairflow-dbt-hook OFR141\tairflow-dbt-python-operator OFR142\tairflow-dbt-python-hook OFR201\tfire-and-forget-run OFR202\tdeferrable-without-wait OFR203\thook-wait-result-ignored OFR204\tdouble-wait OFR211\tdbt-call-not-awaited OFR212\treturned-coroutine OFR213\tfire-and-forget-trigger OFR214\twait-result-ignored OFR215\tfuture-not-resolved OFR216\twait-window-too-short OFR217\tretries-without-effect OFR218\twrong-call-form OFR219\tonly-last-command-counts OFR220\tconcurrent-in-process-dbt OFR221\thidden-dbt-failure OFR222\tfire-and-forget-dbt OFR223\tdbt-result-ignored OFR224\tselection-is-a-string OFR225\tenv-replaces-path OFR226\tcosmos-tests-dropped OFR301\tairflow-import OFR302\tdynamic-airflow-import OFR303\tairflow-dependency OFR401\tunknown-argument OFR402\thard-coded-api-key OFR403\twrong-import OFR404\tunknown-extra OFR405\tdomain-with-scheme OFR406\tlost-run-option OFR800\tnoted-operator OFR901\tcannot-parse OFR902\tunused-suppression OFR903\tbad-note
end
function _offramp_codes
  __fish_complete_list , _offramp_each_code
end
function _offramp_output
  printf '%s=\n' full concise grouped json jsonl github gitlab azure junit sarif rdjson
end


function _shtab_offramp_scan
  set -g _shtab_offramp_cmdpath ''
  set -g _shtab_offramp_npos 0
  set -l tokens (commandline -opc)
  set -e tokens[1]
  set -l expect_value 0
  for t in $tokens
    if test $expect_value -eq 1
      set expect_value 0
      continue
    end
    switch "$t"
      case '--*=*'
        continue
      case '-*'
        if contains -- $t $_shtab_offramp_opts_with_value
          set expect_value 1
        end
        continue
      case '*'
        if test $_shtab_offramp_npos -eq 0
          set -l candidate $t
          if test -n "$_shtab_offramp_cmdpath"
            set candidate "$_shtab_offramp_cmdpath $t"
          end
          if contains -- $candidate $_shtab_offramp_commands
            set -g _shtab_offramp_cmdpath $candidate
            continue
          end
        end
        set -g _shtab_offramp_npos (math $_shtab_offramp_npos + 1)
    end
  end
end

function _shtab_offramp_using
  _shtab_offramp_scan
  test "$_shtab_offramp_cmdpath" = "$argv"
end

set -g _shtab_offramp_commands check gate migrate notes 'notes check' 'notes test' 'notes new' server rule docs generate-shell-completion
set -g _shtab_offramp_opts_with_value --base --baseline --color --config --connections --convert-dags --exclude --extend-exclude --extend-select --ignore --jobs --out --output --output-file --output-format --readme --search --select --stdin-filename

complete -c offramp -e
complete -c offramp -f

complete -c offramp -n _shtab_offramp_using -s h -l help -d 'show this help message and exit'
complete -c offramp -n _shtab_offramp_using -l version -d 'show the version and exit'
complete -c offramp -n '_shtab_offramp_using; and test $_shtab_offramp_npos -eq 0' -a check -d 'check files and directories'
complete -c offramp -n '_shtab_offramp_using check' -s h -l help -d 'show this help message and exit'
complete -c offramp -n '_shtab_offramp_using check' -l watch -d 'check again whenever files change, until Ctrl-C'
complete -c offramp -n '_shtab_offramp_using check' -l select -xka "(_offramp_codes)" -d 'run these rules only'
complete -c offramp -n '_shtab_offramp_using check' -l extend-select -xka "(_offramp_codes)" -d 'run these rules too'
complete -c offramp -n '_shtab_offramp_using check' -l ignore -xka "(_offramp_codes)" -d 'do not run these rules'
complete -c offramp -n '_shtab_offramp_using check' -l fix -d 'apply the safe fixes'
complete -c offramp -n '_shtab_offramp_using check' -l unsafe-fixes -d 'with --fix or --diff, apply the unsafe ones too'
complete -c offramp -n '_shtab_offramp_using check' -l diff -d 'show what --fix would change, and write nothing'
complete -c offramp -n '_shtab_offramp_using check' -l convert-dags -xka "always configured never" -d 'whether --fix may turn DAGs into flows (default: always; configured: where `convert-dags = true`)'
complete -c offramp -n '_shtab_offramp_using check' -l exclude -xka "(_offramp_file)" -d 'skip these paths, instead of the defaults'
complete -c offramp -n '_shtab_offramp_using check' -l extend-exclude -xka "(_offramp_file)" -d 'skip these paths too'
complete -c offramp -n '_shtab_offramp_using check' -l force-exclude -l no-force-exclude -d 'skip excluded files even when they are named'
complete -c offramp -n '_shtab_offramp_using check' -l respect-gitignore -l no-respect-gitignore -d 'skip what git ignores (the default)'
complete -c offramp -n '_shtab_offramp_using check' -l stdin-filename -xka "(_offramp_file)" -d 'name of the file that stdin holds'
complete -c offramp -n '_shtab_offramp_using check' -l output-format -xka "full concise grouped json jsonl github gitlab azure junit sarif rdjson" -d 'layout of the findings: full, concise, grouped, json, jsonl, github, gitlab, azure, junit, sarif, rdjson (default: full)'
complete -c offramp -n '_shtab_offramp_using check' -l output-file -xka "(_offramp_file)" -d 'write the findings there'
complete -c offramp -n '_shtab_offramp_using check' -l output -xka "(_offramp_output)" -d 'write the findings there too, in that layout; without =FILE on stdout instead; may be repeated'
complete -c offramp -n '_shtab_offramp_using check' -l color -xka "auto always never" -d 'colours and links to rules (default: auto)'
complete -c offramp -n '_shtab_offramp_using check' -s q -l quiet -d 'print findings and problems only'
complete -c offramp -n '_shtab_offramp_using check' -l statistics -d 'count the findings of each rule instead'
complete -c offramp -n '_shtab_offramp_using check' -l exit-zero -d 'exit 0 although there are findings'
complete -c offramp -n '_shtab_offramp_using check' -l config -xka "(_offramp_file)" -d 'use this configuration file and no other'
complete -c offramp -n '_shtab_offramp_using check' -l isolated -d 'use no configuration file'
complete -c offramp -n '_shtab_offramp_using check' -l jobs -x -d 'processes (default: one per processor)'
complete -c offramp -n '_shtab_offramp_using check' -l no-cache -d 'without effect for now: nothing is cached'
complete -c offramp -n '_shtab_offramp_using check; and test $_shtab_offramp_npos -ge 0' -ka "(_offramp_file)" -d 'files and directories (default: the current one), or - for stdin'
complete -c offramp -n '_shtab_offramp_using; and test $_shtab_offramp_npos -eq 0' -a gate -d 'let no new Airflow in'
complete -c offramp -n '_shtab_offramp_using gate' -s h -l help -d 'show this help message and exit'
complete -c offramp -n '_shtab_offramp_using gate' -l baseline -xka "(_offramp_file)" -d 'the accepted findings (default: offramp-baseline.json)'
complete -c offramp -n '_shtab_offramp_using gate' -l base -x -d 'compare with a git revision; a baseline follows renames since'
complete -c offramp -n '_shtab_offramp_using gate' -l update -d 'remove entries from the baseline whose findings are gone'
complete -c offramp -n '_shtab_offramp_using gate' -l accept-new -d 'add the new findings to the baseline'
complete -c offramp -n '_shtab_offramp_using gate' -l locked -l no-locked -d 'write no baseline (the default where CI is set)'
complete -c offramp -n '_shtab_offramp_using gate' -l strict -d 'fail on entries whose findings are gone'
complete -c offramp -n '_shtab_offramp_using gate' -l select -xka "(_offramp_codes)" -d 'run these rules only'
complete -c offramp -n '_shtab_offramp_using gate' -l extend-select -xka "(_offramp_codes)" -d 'run these rules too'
complete -c offramp -n '_shtab_offramp_using gate' -l ignore -xka "(_offramp_codes)" -d 'do not run these rules'
complete -c offramp -n '_shtab_offramp_using gate' -l exclude -xka "(_offramp_file)" -d 'skip these paths, instead of the defaults'
complete -c offramp -n '_shtab_offramp_using gate' -l extend-exclude -xka "(_offramp_file)" -d 'skip these paths too'
complete -c offramp -n '_shtab_offramp_using gate' -l force-exclude -l no-force-exclude -d 'skip excluded files even when they are named'
complete -c offramp -n '_shtab_offramp_using gate' -l respect-gitignore -l no-respect-gitignore -d 'skip what git ignores (the default)'
complete -c offramp -n '_shtab_offramp_using gate' -l output-format -xka "full concise grouped json jsonl github gitlab azure junit sarif rdjson" -d 'layout of the findings: full, concise, grouped, json, jsonl, github, gitlab, azure, junit, sarif, rdjson (default: full)'
complete -c offramp -n '_shtab_offramp_using gate' -l output-file -xka "(_offramp_file)" -d 'write the findings there'
complete -c offramp -n '_shtab_offramp_using gate' -l output -xka "(_offramp_output)" -d 'write the findings there too, in that layout; without =FILE on stdout instead; may be repeated'
complete -c offramp -n '_shtab_offramp_using gate' -l color -xka "auto always never" -d 'colours and links to rules (default: auto)'
complete -c offramp -n '_shtab_offramp_using gate' -s q -l quiet -d 'print findings and problems only'
complete -c offramp -n '_shtab_offramp_using gate' -l statistics -d 'count by folder and owner instead'
complete -c offramp -n '_shtab_offramp_using gate' -l config -xka "(_offramp_file)" -d 'use this configuration file and no other'
complete -c offramp -n '_shtab_offramp_using gate' -l isolated -d 'use no configuration file'
complete -c offramp -n '_shtab_offramp_using gate' -l jobs -x -d 'processes (default: one per processor)'
complete -c offramp -n '_shtab_offramp_using gate' -l no-cache -d 'without effect for now: nothing is cached'
complete -c offramp -n '_shtab_offramp_using gate; and test $_shtab_offramp_npos -ge 0' -ka "(_offramp_file)" -d 'files and directories (default: the current one)'
complete -c offramp -n '_shtab_offramp_using; and test $_shtab_offramp_npos -eq 0' -a migrate -d 'write Prefect flows beside the DAGs'
complete -c offramp -n '_shtab_offramp_using migrate' -s h -l help -d 'show this help message and exit'
complete -c offramp -n '_shtab_offramp_using migrate' -l out -xka "(_offramp_directory)" -d 'where the flows go'
complete -c offramp -n '_shtab_offramp_using migrate' -l force -d 'overwrite files there'
complete -c offramp -n '_shtab_offramp_using migrate' -l unsafe-fixes -d 'write flows that differ from their DAGs too'
complete -c offramp -n '_shtab_offramp_using migrate' -l connections -xka "(_offramp_file)" -d 'JSON that `airflow connections export` wrote'
complete -c offramp -n '_shtab_offramp_using migrate' -s q -l quiet -d 'print problems only'
complete -c offramp -n '_shtab_offramp_using migrate' -l exclude -xka "(_offramp_file)" -d 'skip these paths, instead of the defaults'
complete -c offramp -n '_shtab_offramp_using migrate' -l extend-exclude -xka "(_offramp_file)" -d 'skip these paths too'
complete -c offramp -n '_shtab_offramp_using migrate' -l force-exclude -l no-force-exclude -d 'skip excluded files even when they are named'
complete -c offramp -n '_shtab_offramp_using migrate' -l respect-gitignore -l no-respect-gitignore -d 'skip what git ignores (the default)'
complete -c offramp -n '_shtab_offramp_using migrate' -l config -xka "(_offramp_file)" -d 'use this configuration file and no other'
complete -c offramp -n '_shtab_offramp_using migrate' -l isolated -d 'use no configuration file'
complete -c offramp -n '_shtab_offramp_using migrate' -l jobs -x -d 'processes (default: one per processor)'
complete -c offramp -n '_shtab_offramp_using migrate' -l no-cache -d 'without effect for now: nothing is cached'
complete -c offramp -n '_shtab_offramp_using migrate; and test $_shtab_offramp_npos -ge 0' -ka "(_offramp_file)" -d 'files and directories; they are never changed'
complete -c offramp -n '_shtab_offramp_using; and test $_shtab_offramp_npos -eq 0' -a notes -d 'check, test and begin mapping notes'
complete -c offramp -n '_shtab_offramp_using notes' -s h -l help -d 'show this help message and exit'
complete -c offramp -n '_shtab_offramp_using notes; and test $_shtab_offramp_npos -eq 0' -a check -d 'check note files against the real libraries'
complete -c offramp -n '_shtab_offramp_using notes check' -s h -l help -d 'show this help message and exit'
complete -c offramp -n '_shtab_offramp_using notes check' -l config -xka "(_offramp_file)" -d 'use this configuration file and no other'
complete -c offramp -n '_shtab_offramp_using notes check' -l isolated -d 'use no configuration file'
complete -c offramp -n '_shtab_offramp_using notes check; and test $_shtab_offramp_npos -ge 0' -ka "(_offramp_file)" -d 'note files (default: those of the configuration)'
complete -c offramp -n '_shtab_offramp_using notes; and test $_shtab_offramp_npos -eq 0' -a test -d 'run the examples of note files as tests'
complete -c offramp -n '_shtab_offramp_using notes test' -s h -l help -d 'show this help message and exit'
complete -c offramp -n '_shtab_offramp_using notes test' -l config -xka "(_offramp_file)" -d 'use this configuration file and no other'
complete -c offramp -n '_shtab_offramp_using notes test' -l isolated -d 'use no configuration file'
complete -c offramp -n '_shtab_offramp_using notes test; and test $_shtab_offramp_npos -ge 0' -ka "(_offramp_file)" -d 'note files (default: those of the configuration)'
complete -c offramp -n '_shtab_offramp_using notes; and test $_shtab_offramp_npos -eq 0' -a new -d 'begin a note on an operator'
complete -c offramp -n '_shtab_offramp_using notes new' -s h -l help -d 'show this help message and exit'
complete -c offramp -n '_shtab_offramp_using notes new' -l config -xka "(_offramp_file)" -d 'use this configuration file and no other'
complete -c offramp -n '_shtab_offramp_using notes new' -l isolated -d 'use no configuration file'
complete -c offramp -n '_shtab_offramp_using notes new; and test $_shtab_offramp_npos -eq 1' -ka "(_offramp_file)" -d 'the Python file that defines it, if it is not importable'
complete -c offramp -n '_shtab_offramp_using; and test $_shtab_offramp_npos -eq 0' -a server -d 'serve editors: findings while typing, fixes, notes'
complete -c offramp -n '_shtab_offramp_using server' -s h -l help -d 'show this help message and exit'
complete -c offramp -n '_shtab_offramp_using server' -l stdio -d 'talk over stdin and stdout, as it always does'
complete -c offramp -n '_shtab_offramp_using; and test $_shtab_offramp_npos -eq 0' -a rule -d 'explain a rule'
complete -c offramp -n '_shtab_offramp_using rule' -s h -l help -d 'show this help message and exit'
complete -c offramp -n '_shtab_offramp_using rule' -l all -d 'every rule'
complete -c offramp -n '_shtab_offramp_using rule' -l search -x -d 'the rules on whose pages the word stands'
complete -c offramp -n '_shtab_offramp_using rule' -l output-format -xka "text json" -d 'default: text'
complete -c offramp -n '_shtab_offramp_using rule' -l config -xka "(_offramp_file)" -d 'use this configuration file and no other'
complete -c offramp -n '_shtab_offramp_using rule' -l isolated -d 'use no configuration file'
complete -c offramp -n '_shtab_offramp_using rule; and test $_shtab_offramp_npos -eq 0' -ka "(_offramp_code)" -d 'code or name of a rule, such as OFR101'
complete -c offramp -n '_shtab_offramp_using; and test $_shtab_offramp_npos -eq 0' -a docs -d 'write a page for every rule'
complete -c offramp -n '_shtab_offramp_using docs' -s h -l help -d 'show this help message and exit'
complete -c offramp -n '_shtab_offramp_using docs' -l out -xka "(_offramp_directory)" -d 'directory of the pages (default: docs)'
complete -c offramp -n '_shtab_offramp_using docs' -l readme -xka "(_offramp_file)" -d 'write the table of rules between the marks in this file too'
complete -c offramp -n '_shtab_offramp_using docs' -l check -d 'write nothing; exit 1 when a page is out of date'
complete -c offramp -n '_shtab_offramp_using docs' -l config -xka "(_offramp_file)" -d 'use this configuration file and no other'
complete -c offramp -n '_shtab_offramp_using docs' -l isolated -d 'use no configuration file'
complete -c offramp -n '_shtab_offramp_using docs; and test $_shtab_offramp_npos -ge 0' -ka "(_offramp_file)" -d 'note files (default: the configuration'"'"'s, else offramp'"'"'s own)'
complete -c offramp -n '_shtab_offramp_using; and test $_shtab_offramp_npos -eq 0' -a generate-shell-completion -d 'let your shell complete commands'
complete -c offramp -n '_shtab_offramp_using generate-shell-completion' -s h -l help -d 'show this help message and exit'
complete -c offramp -n '_shtab_offramp_using generate-shell-completion; and test $_shtab_offramp_npos -eq 0' -ka "bash zsh fish" -d 'the shell that reads it'

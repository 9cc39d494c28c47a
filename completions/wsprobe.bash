# Completions of wsprobe for bash 4 and newer. wsprobe itself knows what can follow.

_wsprobe() {
    # Bash takes words apart at = and :, the program gets them whole.
    local rest=${COMP_LINE:0:COMP_POINT} words=() word i
    for ((i = 0; i <= COMP_CWORD; i++)); do
        word=${COMP_WORDS[i]}
        case $rest in
        [[:space:]]*)
            rest=${rest#"${rest%%[![:space:]]*}"}
            words+=("")
            ;;
        esac
        ((i == 0)) && words=("")
        ((i == COMP_CWORD)) && word=$rest
        words[${#words[@]} - 1]+=$word
        rest=${rest#"$word"}
    done
    local program=${words[0]} current=${words[${#words[@]} - 1]}
    # Quotes are not of the word.
    words=("${words[@]//[\"\'\\]/}")
    local kept="" line candidates=()
    case $COMP_WORDBREAKS in
    *:*) kept=${current%"${current##*[=:]}"} ;;
    *=*) kept=${current%"${current##*=}"} ;;
    esac
    COMPREPLY=()
    while IFS= read -r line; do
        case $line in
        $'\tfiles'*) compopt -o default ;;
        *) candidates+=("${line%%$'\t'*}") ;;
        esac
    done < <("${program/#~\//$HOME/}" generate candidates -- "${words[@]:1}" 2>/dev/null)
    if ((${#candidates[@]} == 0)); then
        return
    fi
    compopt +o default
    for line in "${candidates[@]}"; do
        printf -v line %q "${line#"$kept"}"
        COMPREPLY+=("$line")
    done
    if ((${#COMPREPLY[@]} == 1)) && [[ ${COMPREPLY[0]} == *[=:/] ]]; then
        compopt -o nospace
    fi
}

complete -F _wsprobe wsprobe

# Completions of wsprobe for fish. wsprobe itself knows what can follow.

function __wsprobe_candidates
    set -l words (commandline -opc)
    set -l current (commandline -ct)
    for line in ($words[1] generate candidates -- $words[2..-1] (string unescape -- $current; or echo $current) 2>/dev/null)
        if string match -q \tfiles\* -- $line
            set -l prefix (string replace \tfiles\t '' -- $line)
            set -l path (string sub -s (math (string length -- $prefix) + 1) -- $current)
            for found in (__fish_complete_path $path)
                echo $prefix$found
            end
        else
            echo $line
        end
    end
end

complete -c wsprobe -f -k -a '(__wsprobe_candidates)'

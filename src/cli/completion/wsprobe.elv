# Completions of wsprobe for elvish. wsprobe itself knows what can follow.

use str

set edit:completion:arg-completer[wsprobe] = {|@words|
    var current = $words[-1]
    (external $words[0]) generate candidates -- (all $words[1..]) 2>/dev/null | from-lines | each {|line|
        if (str:has-prefix $line "\tfiles\t") {
            var prefix = (str:trim-prefix $line "\tfiles\t")
            edit:complete-filename (str:trim-prefix $current $prefix) | each {|found|
                if (eq $prefix '') {
                    put $found
                } else {
                    put $prefix$found[stem]
                }
            }
        } else {
            var parts = [(str:split "\t" $line)]
            if (== (count $parts) 1) {
                put $parts[0]
            } else {
                edit:complex-candidate $parts[0] &display=$parts[0]'  '$parts[1]
            }
        }
    }
}

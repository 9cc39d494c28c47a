# Completions of wsprobe for PowerShell. wsprobe itself knows what can follow.

Register-ArgumentCompleter -Native -CommandName wsprobe -ScriptBlock {
    param($current, $line, $cursor)
    $before = $line.CommandElements | Where-Object { $_.Extent.EndOffset -lt $cursor }
    $words = @($before | ForEach-Object {
        if ($_ -is [System.Management.Automation.Language.StringConstantExpressionAst]) { $_.Value } else { $_.Extent.Text }
    })
    $program, $words = $words
    # An empty argument would be dropped.
    $last = if ($current) { @('--', $words, $current) } else { @('--new-word', '--', $words) }
    $last = @($last | ForEach-Object { $_ })
    & $program generate candidates @last 2>$null | ForEach-Object {
        $value, $help = $_ -split "`t", 2
        if ($value -eq '') {
            # A path: its own completion follows where nothing is offered.
            return
        }
        if (-not $help) { $help = $value }
        [System.Management.Automation.CompletionResult]::new($value, $value, 'ParameterValue', $help)
    }
}

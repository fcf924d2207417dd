"""What a merchant's terminal is made of: reader and kernel, messages in two dialects, line, journal, batches.

`simulators.terminal.Terminal` joins them; nothing of it is shared with the gateway.
"""

"""Runs a program in a terminal of its own, and prints what the terminal got, byte for byte.

    python3 terminal.py COLUMNS KEYS COMMAND...

Once the program has printed "ready", KEYS are typed (\x03 is Ctrl+C), each "~" being a pause of 1.5 seconds. At "!" the
terminal is closed, as by its window's button.
"""
import fcntl, os, pty, select, struct, sys, termios, time

columns, keys, command = int(sys.argv[1]), sys.argv[2].encode().decode('unicode_escape'), sys.argv[3:]
child, terminal = pty.fork()
if child == 0:
    # Before the program asks for it.
    fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack('HHHH', 24, columns, 0, 0))
    os.execvp(command[0], command)
deadline = time.monotonic() + 30
shown, typed, pause = b'', 0, 0
while time.monotonic() < deadline:
    if b'ready' in shown and typed < len(keys) and time.monotonic() >= pause:
        if keys[typed] == '~':
            pause = time.monotonic() + 1.5
        elif keys[typed] == '!':
            os.close(terminal)
            break
        else:
            os.write(terminal, keys[typed].encode())
        typed += 1
    if select.select([terminal], [], [], 0.05)[0]:
        try:
            chunk = os.read(terminal, 65536)
        except OSError:
            chunk = b''
        if not chunk:
            break
        shown += chunk
else:
    os.kill(child, 9)
gone, status = os.waitpid(child, os.WNOHANG)
while gone == 0:
    # A terminal that is closed says no more when its program has ended.
    if time.monotonic() > deadline:
        os.kill(child, 9)
    time.sleep(0.02)
    gone, status = os.waitpid(child, os.WNOHANG)
sys.stdout.buffer.write(shown)
sys.stdout.buffer.write(b'\n[signal %d, exit %d]\n' % (os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0, os.WEXITSTATUS(status) if os.WIFEXITED(status) else -1))

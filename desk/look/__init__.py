"""What pages share to look alike: the words and colours of states, plots, icons."""

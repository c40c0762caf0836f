"""From what somebody says on video, in a podcast or in a file to a transcript whose every word has its time."""

Dear reader,

//! Translates a catalog of others and writes the packages below a folder, for people who look at them:
//! `cargo run -p catalog --example translate -- CATALOG FOLDER [APP …]`.
#![expect(clippy::print_stdout, reason = "a program for people")]

use std::fs;
use std::path::Path;

use catalog::formats::{Format, Translation, Tree};

fn main() -> std::io::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let (Some(source), Some(folder)) = (arguments.next(), arguments.next()) else {
        println!("usage: translate CATALOG FOLDER [APP …]");
        return Ok(());
    };
    let wanted: Vec<String> = arguments.collect();
    let tree = Tree::new(source);
    let Some(format) = Format::detect(&tree) else {
        println!("it is no catalog that is known here");
        return Ok(());
    };
    for app in format.apps(&tree).iter().flatten().filter(|app| wanted.is_empty() || wanted.contains(app)) {
        for (name, result) in format.translate(&tree, app) {
            match result {
                Ok(translation) => {
                    println!("{name}");
                    translation.remarks.iter().for_each(|remark| println!("    {remark}"));
                    write(&Path::new(&folder).join(&name), &translation)?;
                }
                Err(error) => println!("{name}: {error}"),
            }
        }
    }
    Ok(())
}

fn write(folder: &Path, translation: &Translation) -> std::io::Result<()> {
    fs::create_dir_all(folder)?;
    fs::write(folder.join("compose.yaml"), &translation.compose)?;
    if let Some(env) = &translation.env {
        fs::write(folder.join(".env"), env)?;
    }
    for (path, file) in &translation.files {
        let path = folder.join("files").join(path);
        fs::create_dir_all(path.parent().unwrap_or(folder))?;
        fs::write(path, &file.bytes)?;
    }
    Ok(())
}
